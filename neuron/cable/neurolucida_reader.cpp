#include "neuron/cable/neurolucida_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include "kernels/core/check.h"
#include "neuron/cable/morphology_edit.h"
#include "neuron/cable/morphology_text.h"
#include "neuron/cable/neurolucida_lexer.h"
#include "neuron/cable/soma_contour.h"

namespace elm::cable {
namespace {

using Kind = NeurolucidaToken::Kind;

/// A section of a tree and where its first own point stands in the text.
struct TracedSection {
    Section section;
    TextPlace place;
};

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
        if (!soma_place_) {
            fail_at(origin_, {}, "no outline of type (CellBody) stands here, so there is no soma");
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

    /// What a list of the file is: the first of its properties that says so.
    enum class Block { ignored, soma, axon, dendrite, apical };

    void read_block(TextPlace open) {
        const auto start = lexer_.mark();
        const Block block = classify(open);
        if (block == Block::ignored) return;
        lexer_.rewind(start);
        switch (block) {
            case Block::soma:
                read_soma(open);
                break;
            case Block::axon:
                read_tree(open, Region::axon);
                break;
            case Block::dendrite:
                read_tree(open, Region::basal);
                break;
            default:
                read_tree(open, Region::apical);
        }
    }

    /// Reads to the end of the list that was opened at `open`.
    Block classify(TextPlace open) {
        Block block = Block::ignored;
        int depth = 1;
        while (depth > 0) {
            const NeurolucidaToken token = next_inside(open);
            if (token.kind == Kind::open) {
                ++depth;
                if (depth != 2 || block != Block::ignored) continue;
                const auto inside = lexer_.mark();
                const NeurolucidaToken word = lexer_.next();
                if (word.kind == Kind::word && lexer_.next().kind == Kind::close) {
                    block = block_named(word.text);
                }
                lexer_.rewind(inside);
            } else if (token.kind == Kind::close) {
                --depth;
            }
        }
        return block;
    }

    static Block block_named(std::string_view name) {
        if (name == "CellBody") return Block::soma;
        if (name == "Axon") return Block::axon;
        if (name == "Dendrite") return Block::dendrite;
        if (name == "Apical") return Block::apical;
        return Block::ignored;
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
        if (needs_diameter && !(values[3] > 0)) {
            fail_at(origin_, last,
                    fmt::format("the diameter is {} um; expected more than 0", values[3]));
        }
        return {values[0], values[1], values[2], values[3]};
    }

    void read_soma(TextPlace open) {
        if (soma_place_) {
            fail_at(origin_, open,
                    fmt::format("a second outline of type (CellBody); the first stands in line "
                                "{}. Expected one soma: keep one outline",
                                soma_place_->line));
        }
        soma_place_ = open;
        while (true) {
            const NeurolucidaToken token = next_inside(open);
            if (token.kind == Kind::close) break;
            if (token.kind == Kind::spine_open) skip_spine(token.place);
            if (token.kind != Kind::open) continue;
            const NeurolucidaToken first = next_inside(token.place);
            if (first.kind == Kind::word && looks_like_number(first.text)) {
                contour_.push_back(read_point(token.place, first, false));
            } else if (first.kind == Kind::open) {
                fail_at(origin_, first.place, "an outline of the soma does not branch");
            } else if (first.kind != Kind::close) {
                skip_list(token.place);
            }
        }
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
            TracedSection traced{{"", region, level.parent, 1, {}}, place};
            if (level.parent >= 0) {
                MorphologyPoint start =
                    traced_[static_cast<std::size_t>(level.parent)].section.points.back();
                start.diameter = point.diameter;
                traced.section.points.push_back(start);
            }
            traced_.push_back(std::move(traced));
        }
        traced_[static_cast<std::size_t>(level.section)].section.points.push_back(point);
    }

    /// Throws unless the tree that begins with `traced` is of the cell with this soma.
    void check_root(const TracedSection& traced) const {
        double low[2], high[2];
        for (int axis = 0; axis < 2; ++axis) {
            const auto value = [axis](const MorphologyPoint& point) {
                return axis == 0 ? point.x : point.y;
            };
            low[axis] = high[axis] = value(contour_.front());
            for (const MorphologyPoint& point : contour_) {
                low[axis] = std::min(low[axis], value(point));
                high[axis] = std::max(high[axis], value(point));
            }
        }
        const MorphologyPoint& root = traced.section.points.front();
        const double dx = std::max({low[0] - root.x, root.x - high[0], 0.0});
        const double dy = std::max({low[1] - root.y, root.y - high[1], 0.0});
        const double width = std::hypot(high[0] - low[0], high[1] - low[1]);
        if (std::hypot(dx, dy) > width) {
            fail_at(origin_, traced.place,
                    fmt::format("this tree begins {:.1f} um from the outline of the soma, which is "
                                "{:.1f} um wide: it is not connected. Move it, or take it out",
                                std::hypot(dx, dy), width));
        }
    }

    Morphology finish() {
        Morphology morphology{origin_, {}};
        Section soma{"", Region::soma, -1, 1, {}};
        try {
            soma.points = soma_from_contour(contour_);
        } catch (const Error& error) {
            fail_at(origin_, *soma_place_, error.message());
        }
        morphology.sections.push_back(std::move(soma));
        for (TracedSection& traced : traced_) {
            Section& section = traced.section;
            if (section.parent < 0) check_root(traced);
            if (section.points.size() < 2) {
                fail_at(origin_, traced.place,
                        "this tree has one point before it ends or forks; "
                        "expected two or more");
            }
            const double length = length_of(section);
            if (!(length > 0) || !std::isfinite(length)) {
                fail_at(origin_, traced.place,
                        fmt::format("the branch that begins here has length {} um; expected more "
                                    "than 0, and finite",
                                    length));
            }
            section.parent_x = section.parent < 0 ? 0.5 : 1;
            ++section.parent;  // the soma stands before all
            morphology.sections.push_back(std::move(section));
        }
        morphology = ordered_by_region(std::move(morphology));
        check_morphology(morphology);
        return morphology;
    }

    NeurolucidaLexer lexer_;
    const std::string& origin_;
    std::optional<TextPlace> soma_place_;
    std::vector<MorphologyPoint> contour_;
    std::vector<TracedSection> traced_;  // parents before children
};

}  // namespace

Morphology read_neurolucida(std::string_view text, const std::string& origin) {
    require_text(text, origin);
    return Reader(text, origin).read();
}

}  // namespace elm::cable
