#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "neuron/cable/shape/morphology_text.h"

namespace elm::cable {

/// A word of a Neurolucida text. Numbers are words; a string is given without its quotes.
struct NeurolucidaToken {
    enum class Kind { open, close, bar, spine_open, spine_close, word, string, end };
    Kind kind = Kind::end;
    std::string_view text;
    TextPlace place;
};

/// Cuts a Neurolucida text into words. White space, commas and comments (from ";" to the end of
/// the line) stand between words. `text` and `origin` must live as long as this.
class NeurolucidaLexer {
public:
    /// A place to go back to.
    struct Mark {
        std::size_t at = 0;
        TextPlace place;
    };

    NeurolucidaLexer(std::string_view text, const std::string& origin)
        : text_(text), origin_(origin) {}

    /// Throws Error{data} at a string that is never closed.
    NeurolucidaToken next();

    Mark mark() const { return now_; }
    void rewind(const Mark& mark) { now_ = mark; }

private:
    void step();
    void skip_space();

    std::string_view text_;
    const std::string& origin_;
    Mark now_;
};

}  // namespace elm::cable
