// Nested TOML tables: values by key, and errors that say where.

#include "kernels/io/config_tree.h"

#include <functional>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

ConfigTree example() {
    return ConfigTree::parse(
        "top = 1\n[a.b]\nzeta = 0.5\nalpha = \"text\"\nflag = true\nlist = [\"x\", \"y\"]\n"
        "inner = {deep = 3}\nbad = inf\n",
        "my.toml");
}

void expect_failure(const std::function<void()>& work, const std::string& message) {
    try {
        work();
        ADD_FAILURE() << "no error, expected: " << message;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(), message);
    }
}

TEST(ConfigTree, gives_values_by_key) {
    const ConfigTree tree = example();
    EXPECT_EQ(tree.number("top"), 1);
    EXPECT_EQ(tree.origin(), "my.toml");
    const ConfigTree b = tree.table("a").table("b");
    EXPECT_EQ(b.number("zeta"), 0.5);
    EXPECT_EQ(b.text("alpha"), "text");
    EXPECT_TRUE(b.boolean("flag"));
    EXPECT_EQ(b.texts("list"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(b.table("inner").number("deep"), 3);
    EXPECT_TRUE(b.is_table("inner"));
    EXPECT_FALSE(b.is_table("flag"));
    EXPECT_FALSE(b.is_table("none"));
    EXPECT_FALSE(b.has("none"));
    EXPECT_EQ(b.optional_number("none"), std::nullopt);
    EXPECT_EQ(b.optional_text("none"), std::nullopt);
    EXPECT_EQ(b.keys(),
              (std::vector<std::string>{"zeta", "alpha", "flag", "list", "inner", "bad"}));
}

TEST(ConfigTree, errors_say_file_line_column_and_key) {
    const ConfigTree b = example().table("a").table("b");
    expect_failure([&] { b.number("alpha"); }, "my.toml:4:1: a.b.alpha: expected a number.");
    expect_failure([&] { b.number("bad"); },
                   "my.toml:8:1: a.b.bad: is inf, expected a finite number.");
    expect_failure([&] { b.text("zeta"); }, "my.toml:3:1: a.b.zeta: expected a text in quotes.");
    expect_failure([&] { b.boolean("zeta"); }, "my.toml:3:1: a.b.zeta: expected true or false.");
    expect_failure([&] { b.texts("alpha"); },
                   "my.toml:4:1: a.b.alpha: expected a list of texts in quotes.");
    expect_failure([&] { b.table("flag"); },
                   "my.toml:5:1: a.b.flag: expected a section, or { ... }.");
    expect_failure([&] { b.table("inner").number("none"); },
                   "my.toml:7:9: a.b.inner.none: this number is missing.");
    expect_failure(
        [&] {
            b.require_known({"zeta", "alpha", "flagg", "list", "inner", "bad"});
        },
        "my.toml:5:1: a.b.flag: there is no such key here. Did you mean flagg? Known "
        "are zeta, alpha, flagg, list, inner, bad.");
    expect_failure([&] { example().fail("", "is wrong."); }, "my.toml:1:1: is wrong.");
    EXPECT_THROW(ConfigTree::parse("a = [\n", "my.toml"), Error);
    EXPECT_THROW(ConfigTree::load("/nowhere/my.toml"), Error);
}

TEST(ConfigTree, what_cannot_be_parsed_makes_one_line) {
    for (const char* text : {"a = tr\n", "a = i\nb = 1\n", "[a\n", "a = \"x\n"}) {
        try {
            ConfigTree::parse(text, "my.toml");
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.message().find('\n'), std::string::npos) << error.message();
        }
    }
}

}  // namespace
}  // namespace elm
