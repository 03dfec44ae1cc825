#include "neuron/cable/shape/neurolucida_lexer.h"

namespace elm::cable {
namespace {

bool is_space(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' || letter == '\f' ||
           letter == '\v' || letter == ',';
}

bool ends_word(char letter) {
    return is_space(letter) || letter == '(' || letter == ')' || letter == '|' || letter == '<' ||
           letter == '>' || letter == ';' || letter == '"';
}

}  // namespace

void NeurolucidaLexer::step() {
    if (text_[now_.at] == '\n') {
        now_.place = {now_.place.line + 1, 1};
    } else {
        ++now_.place.column;
    }
    ++now_.at;
}

void NeurolucidaLexer::skip_space() {
    while (now_.at < text_.size()) {
        if (text_[now_.at] == ';') {
            while (now_.at < text_.size() && text_[now_.at] != '\n' && text_[now_.at] != '\r') {
                step();
            }
        } else if (is_space(text_[now_.at])) {
            step();
        } else {
            return;
        }
    }
}

NeurolucidaToken NeurolucidaLexer::next() {
    using Kind = NeurolucidaToken::Kind;
    skip_space();
    NeurolucidaToken token{Kind::end, {}, now_.place};
    if (now_.at >= text_.size()) return token;
    const std::size_t begin = now_.at;
    const char letter = text_[begin];
    step();
    switch (letter) {
        case '(':
            token.kind = Kind::open;
            break;
        case ')':
            token.kind = Kind::close;
            break;
        case '|':
            token.kind = Kind::bar;
            break;
        case '<':
            token.kind = Kind::spine_open;
            break;
        case '>':
            token.kind = Kind::spine_close;
            break;
        case '"':
            token.kind = Kind::string;
            while (now_.at < text_.size() && text_[now_.at] != '"') step();
            if (now_.at >= text_.size()) {
                fail_at(origin_, token.place, "this \" is never closed");
            }
            token.text = text_.substr(begin + 1, now_.at - begin - 1);
            step();
            return token;
        default:
            token.kind = Kind::word;
            while (now_.at < text_.size() && !ends_word(text_[now_.at])) step();
    }
    token.text = text_.substr(begin, now_.at - begin);
    return token;
}

}  // namespace elm::cable
