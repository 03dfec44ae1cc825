#include "neuron/cable/shape/neurolucida_reader.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/morphology_text.h"
#include "neuron/cable/shape/neurolucida_lexer.h"
#include "neuron/cable/shape/soma_outlines.h"
#include "neuron/cable/shape/traced_tree.h"
#include "neuron/cable/shape/tree_joints.h"

namespace elm::cable {
namespace {

using Kind = NeurolucidaToken::Kind;

constexpr double outline_slack_um = 0.5;  // a tree begins at the soma if no farther from it

class Reader {
public:
    Reader(std::string_view text, const std::string& origin)
        : lexer_(text, origin), origin_(origin) {}

    Morphology read() {
        while (true) {
            const NeurolucidaToken token = lexer_.next();
            if (token.kind == Kind::end) break;
            if (token.kind != Kind::open) {
                fail_at(origin_, token.place,
                        fmt::format("expected \"(\", got {}: no Neurolucida text begins a list so",
                                    quoted(token.text)));
            }
            read_block(token.place);
        }
        return finish();
    }

private:
    /// An open list inside a tree: the tree itself, or a fork with branches between bars.
    struct Level {
        TextPlace open;
        int parent = -1;         // section above the fork
        int section = -1;        // run being read, -1 before its first point
        bool has_split = false;  // the run has ended in a fork
    };

    /// Kind of a list of the file.
    struct Block {
        enum class Kind { other, soma, tree } kind = Kind::other;
        Region region = Region::basal;  // of a tree
        std::string_view type = {};     // of a tree: empty where it is known
    };

    void read_block(TextPlace open) {
        const auto start = lexer_.mark();
        const Block block = classify(open);
        if (block.kind == Block::Kind::other) return;
        lexer_.rewind(start);
        if (block.kind == Block::Kind::soma) {
            read_outline(open);
            return;
        }
        if (!block.type.empty()) {
            notes_.push_back(
                fmt::format("the tree in line {} is of type {}, which is not known; "
                            "taken as basal",
                            open.line, quoted(block.type)));
        }
        read_tree(open, block.region);
    }

    /// Reads to the end of the list that was opened at `open`. Outlines begin with their name in
    /// quotes, trees and texts with a property, marks and tables with a word. The first property
    /// with a type says what it is; an outline may also say so by its name.
    Block classify(TextPlace open) {
        Block block;
        NeurolucidaToken first;
        std::string_view property;
        std::size_t points = 0, wide_points = 0, strings = 0, numbers = 0;
        bool closed = false, known = false;
        for (int depth = 1; depth > 0;) {
            const NeurolucidaToken token = next_inside(open);
            if (first.kind == Kind::end) first = token;
            if (token.kind == Kind::close) {
                if (depth-- == 2 && numbers >= 4) ++wide_points;
                continue;
            }
            if (token.kind == Kind::string && depth == 1) ++strings;
            if (depth == 2 && looks_like_number(token.text)) ++numbers;
            if (token.kind != Kind::open) continue;
            if (++depth != 2) continue;
            const auto inside = lexer_.mark();
            const NeurolucidaToken word = lexer_.next();
            lexer_.rewind(inside);
            numbers = 0;
            if (word.kind != Kind::word) continue;
            if (looks_like_number(word.text)) {
                ++points;
                continue;
            }
            if (points == 0) property = word.text;
            closed = closed || same_letters(word.text, "closed");
            if (!known) known = set_type(block, word.text);
        }
        if (known) return block;
        const bool is_outline = first.kind == Kind::string;
        if (is_outline &&
            (same_letters(first.text, "CellBody") || same_letters(first.text, "Cell Body") ||
             same_letters(first.text, "Soma"))) {
            return {Block::Kind::soma};
        }
        const bool is_text = points == 1 && strings == 1;
        if (first.kind == Kind::open && points > 0 && !is_text) {
            return {Block::Kind::tree, Region::basal, property.empty() ? "none" : property};
        }
        if (wide_points > 1 && !closed) {
            left_out_.push_back(fmt::format("{} (line {})", quoted(first.text), open.line));
        }
        return {};
    }

    /// True if a property of this name says what a block is.
    static bool set_type(Block& block, std::string_view name) {
        if (same_letters(name, "CellBody")) {
            block = {Block::Kind::soma};
        } else if (same_letters(name, "Axon")) {
            block = {Block::Kind::tree, Region::axon};
        } else if (same_letters(name, "Dendrite")) {
            block = {Block::Kind::tree, Region::basal};
        } else if (same_letters(name, "Apical")) {
            block = {Block::Kind::tree, Region::apical};
        } else {
            return false;
        }
        return true;
    }

    NeurolucidaToken next_inside(TextPlace open) {
        const NeurolucidaToken token = lexer_.next();
        if (token.kind == Kind::end) {
            fail_at(origin_, open, "this \"(\" is never closed; expected a \")\"");
        }
        return token;
    }

    /// Leaves out all up to the end of the list whose "(" has been read.
    void skip_list(TextPlace open) {
        for (int depth = 1; depth > 0;) {
            const NeurolucidaToken token = next_inside(open);
            if (token.kind == Kind::open) ++depth;
            if (token.kind == Kind::close) --depth;
        }
    }

    /// Leaves out a spine whose "<" has been read.
    void skip_spine(TextPlace open) {
        for (int depth = 1; depth > 0;) {
            const NeurolucidaToken token = lexer_.next();
            if (token.kind == Kind::end) {
                fail_at(origin_, open, "this \"<\" of a spine is never closed; expected a \">\"");
            }
            if (token.kind == Kind::spine_open) ++depth;
            if (token.kind == Kind::spine_close) --depth;
        }
    }

    /// A point whose "(" has been read and whose first number is `token`. An outline needs no
    /// diameter.
    MorphologyPoint read_point(TextPlace open, NeurolucidaToken token, bool needs_diameter) {
        constexpr std::array<std::string_view, 4> names{"x", "y", "z", "a diameter"};
        std::array<double, 4> values{};
        std::size_t count = 0;
        TextPlace last = token.place;
        while (token.kind != Kind::close) {
            if (token.kind != Kind::word && token.kind != Kind::string) {
                fail_at(origin_, token.place,
                        fmt::format("expected a number or the end of this point, got {}",
                                    quoted(token.text)));
            }
            // After the numbers may follow the name of a slice.
            if (count < values.size() &&
                (count < 3 || needs_diameter || looks_like_number(token.text))) {
                values[count] = parse_number(token.text, names[count], origin_, token.place);
                last = token.place;
                ++count;
            } else if (looks_like_number(token.text)) {
                fail_at(origin_, token.place, "a point has four numbers: x, y, z and a diameter");
            }
            token = next_inside(open);
        }
        if (count < (needs_diameter ? 4U : 3U)) {
            fail_at(origin_, token.place,
                    fmt::format("this point ends after {} numbers; expected x, y, z and a diameter",
                                count));
        }
        if (needs_diameter && !(values[3] >= 0)) {
            fail_at(origin_, last,
                    fmt::format("the diameter is {} um; expected 0 or more", values[3]));
        }
        return {values[0], values[1], values[2], values[3]};
    }

    void read_outline(TextPlace open) {
        SomaOutline outline{open, {}};
        while (true) {
            const NeurolucidaToken token = next_inside(open);
            if (token.kind == Kind::close) break;
            if (token.kind == Kind::spine_open) skip_spine(token.place);
            if (token.kind != Kind::open) continue;
            const NeurolucidaToken first = next_inside(token.place);
            if (first.kind == Kind::word && looks_like_number(first.text)) {
                outline.points.push_back(read_point(token.place, first, false));
            } else if (first.kind == Kind::open) {
                fail_at(origin_, first.place, "an outline of the soma does not branch");
            } else if (first.kind != Kind::close) {
                skip_list(token.place);
            }
        }
        outlines_.push_back(std::move(outline));
    }

    void read_tree(TextPlace open, Region region) {
        std::vector<Level> levels{{open}};
        while (!levels.empty()) {
            Level& level = levels.back();
            const NeurolucidaToken token = next_inside(level.open);
            switch (token.kind) {
                case Kind::open:
                    read_list(levels, token.place, region);
                    break;
                case Kind::close:
                    levels.pop_back();
                    break;
                case Kind::bar:
                    if (levels.size() == 1) {
                        fail_at(origin_, token.place, "a \"|\" outside of a fork");
                    }
                    level.section = -1;
                    level.has_split = false;
                    break;
                case Kind::spine_open:
                    skip_spine(token.place);
                    break;
                case Kind::spine_close:
                    fail_at(origin_, token.place, "a \">\" without a \"<\" before it");
                default:
                    break;  // how the branch ends, or a name
            }
        }
    }

    /// A list inside a tree whose "(" has been read: a point, a fork, or something else.
    void read_list(std::vector<Level>& levels, TextPlace open, Region region) {
        const auto inside = lexer_.mark();
        const NeurolucidaToken first = next_inside(open);
        if (first.kind == Kind::word && looks_like_number(first.text)) {
            add_point(levels.back(), read_point(open, first, true), open, region);
        } else if (first.kind == Kind::open || first.kind == Kind::bar ||
                   first.kind == Kind::spine_open) {
            lexer_.rewind(inside);
            Level& level = levels.back();
            level.has_split = true;
            const int parent = level.section >= 0 ? level.section : level.parent;
            if (parent < 0) {
                fail_at(origin_, open, "this tree forks before its first point");
            }
            levels.push_back({open, parent});
        } else if (first.kind != Kind::close) {
            skip_list(open);
        }
    }

    void add_point(Level& level, const MorphologyPoint& point, TextPlace place, Region region) {
        if (level.has_split) {
            fail_at(origin_, place,
                    "a point after the fork of its branch; expected \"|\" or \")\"");
        }
        if (level.section < 0) {
            level.section = static_cast<int>(traced_.size());
            TracedSection traced{{"", region, level.parent, 1, {}}, {}};
            if (level.parent >= 0) {
                const TracedSection& above = traced_[static_cast<std::size_t>(level.parent)];
                MorphologyPoint start = above.section.points.back();
                if (!same_place(start, point)) {
                    if (point.diameter > 0) start.diameter = point.diameter;
                    traced.section.points.push_back(start);
                    traced.places.push_back(place);
                }
            }
            traced_.push_back(std::move(traced));
        }
        TracedSection& traced = traced_[static_cast<std::size_t>(level.section)];
        traced.section.points.push_back(point);
        traced.places.push_back(place);
    }

    Morphology finish() {
        if (!left_out_.empty()) {
            constexpr std::size_t most = 4;
            const std::size_t named = std::min(most, left_out_.size());
            notes_.push_back(fmt::format(
                "points with widths that are no tree are left out: {}{}",
                fmt::join(left_out_.begin(), left_out_.begin() + static_cast<std::ptrdiff_t>(named),
                          ", "),
                named < left_out_.size() ? fmt::format(" and {} more", left_out_.size() - named)
                                         : ""));
        }
        const bool has_soma = !outlines_.empty();
        const auto trees = static_cast<std::size_t>(
            std::count_if(traced_.begin(), traced_.end(),
                          [](const TracedSection& one) { return one.section.parent < 0; }));
        if (!has_soma && trees != 1) {
            fail_at(origin_, {},
                    fmt::format("no outline of type (CellBody) stands here, so there is no soma{}. "
                                "Add one: (\"CellBody\" (CellBody) (x y z d) ...), three points or "
                                "more around it",
                                trees == 0 ? "" : fmt::format(" to join the {} trees", trees)));
        }
        if (!has_soma) return morphology_of(std::move(traced_), std::move(notes_), origin_);
        OutlinedSoma soma = soma_of_outlines(std::move(outlines_), notes_, origin_);
        std::vector<TracedSection> sections{std::move(soma.section)};
        for (TracedSection& traced : traced_) {
            Section& section = traced.section;
            if (section.parent < 0) section.parent_x = 0.5;
            ++section.parent;  // the soma stands before all
            sections.push_back(std::move(traced));
        }
        return with_trees_joined(morphology_of(std::move(sections), std::move(notes_), origin_),
                                 soma.distance, outline_slack_um, soma.width);
    }

    NeurolucidaLexer lexer_;
    const std::string& origin_;
    std::vector<SomaOutline> outlines_;
    std::vector<TracedSection> traced_;  // parents before children
    std::vector<std::string> notes_;     // what was assumed
    std::vector<std::string> left_out_;  // blocks with points that are not read
};

}  // namespace

Morphology read_neurolucida(std::string_view text, const std::string& origin) {
    require_text(text, origin);
    return Reader(text, origin).read();
}

}  // namespace elm::cable
