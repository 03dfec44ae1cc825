#include "network/description/table_quantity.h"

#include "kernels/core/support/error.h"
#include "network/description/quantity.h"

namespace elm::network {

double quantity(const ConfigTree& tree, const std::string& key, const std::string& unit) {
    if (!tree.is_text(key)) return tree.number(key);
    try {
        return parse_quantity(tree.text(key), unit);
    } catch (const Error& error) {
        tree.fail(key, error.message());
    }
}

double quantity_or(const ConfigTree& tree, const std::string& key, const std::string& unit,
                   double otherwise) {
    return tree.has(key) ? quantity(tree, key, unit) : otherwise;
}

}  // namespace elm::network
