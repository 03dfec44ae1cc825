// Tables for terminals and for pages.

#include "tasks/report/table.h"

#include <gtest/gtest.h>

#include "tasks/report/html_page.h"

namespace elm {
namespace {

Table models() {
    Table table({"model", "loss", "what it is"});
    table.add({"elm", "0.25", "a neuron & more"});
    table.add({"lstm", "nan", "gates"});
    return table;
}

TEST(Table, has_its_last_column_below_where_it_is_too_wide) {
    EXPECT_EQ(models().to_text(28),
              "model  loss  what it is\nelm    0.25  a neuron & more\nlstm      -  gates\n");
    EXPECT_EQ(models().to_text(27),
              "model  loss\n    what it is\nelm    0.25\n    a neuron & more\nlstm      -\n"
              "    gates\n");
}

TEST(Table, stands_on_a_page) {
    const std::string page = html::table(models());
    for (const char* const part :
         {"<th class=\"name\">model</th>", "<td class=\"n\" data-name=\"loss\">0.25</td>",
          "a neuron &amp; more"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part << page;
    }
    EXPECT_EQ(html::facts({{"one", "<1>"}, {"one", "2"}, {"two", "3"}}),
              "<dl><dt>one</dt><dd>&lt;1&gt;</dd>\n<dd>2</dd>\n<dt>two</dt><dd>3</dd>\n</dl>\n");
}

}  // namespace
}  // namespace elm
