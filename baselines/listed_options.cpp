#include "baselines/listed_options.h"

#include <string>

#include "kernels/core/support/check.h"
#include "kernels/io/list_text.h"

namespace elm {
namespace {

std::string stripped(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return std::string(text);
}

}  // namespace

void set_listed(OptionSet& options, std::string_view list, std::string_view what) {
    for (const std::string& item : split_list(list)) {
        const std::string one = stripped(item);
        if (one.empty()) continue;
        const std::size_t equals = one.find('=');
        ELM_CHECK(equals != std::string::npos, "{}: '{}'; expected NAME=VALUE, NAME=VALUE.", what,
                  one);
        options.set(stripped(one.substr(0, equals)), stripped(one.substr(equals + 1)));
    }
}

}  // namespace elm
