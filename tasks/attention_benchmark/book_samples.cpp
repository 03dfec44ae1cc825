#include "tasks/attention_benchmark/book_samples.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/sample_draws.h"

namespace elm {
namespace {

constexpr double copy_share = 0.01, name_share = 0.15, new_share = 0.1, distance_power = 1.2;
constexpr int n_next = 3;
constexpr double next_shares[n_next] = {0.6, 0.3, 0.1};

/// Sums of k^-power for k up to each number.
std::vector<double> power_sums(std::int64_t count, double power) {
    std::vector<double> sums{0};
    for (std::int64_t k = 1; k <= count; ++k) {
        sums.push_back(sums.back() + std::pow(static_cast<double>(k), -power));
    }
    return sums;
}

class BookWriter {
public:
    BookWriter(const BookOptions& options, std::uint64_t seed, std::uint64_t index,
               const char* purpose)
        : options_(options),
          ordinary_(options.vocabulary - 1 - options.names),
          draws_(seed, index, purpose),
          distances_(power_sums(options.tokens, distance_power)),
          ranks_(power_sums(ordinary_, 1)) {
        for (std::int64_t k = 0; k < options.topics_of_book; ++k) {
            topics_.push_back(draws_.below(static_cast<int>(options.topics)));
            weights_.push_back(draws_.uniform(0.2, 1));
        }
        double sum = 0;
        for (const double weight : weights_) sum += weight;
        for (double& weight : weights_) weight /= sum;
    }

    Book write() {
        while (std::ssize(book_.tokens) < options_.tokens) {
            step();
            if (written() > 1 && draws_.with_probability(copy_share)) {
                copy();
            } else if (draws_.with_probability(name_share)) {
                name();
            } else {
                ordinary();
            }
        }
        return std::move(book_);
    }

private:
    std::int64_t written() const { return std::ssize(book_.tokens); }
    void add(std::int64_t token, double surprise, std::int64_t distance) {
        book_.tokens.push_back(static_cast<std::int32_t>(token));
        book_.surprise.push_back(surprise);
        book_.distances.push_back(distance);
    }
    void step() {
        const std::size_t next = draws_.choice(next_shares);
        state_ = (state_ * 5 + static_cast<std::int64_t>(next) * 7 + 3) % options_.states;
    }
    /// 1 .. longest.
    std::int64_t draw_distance(std::int64_t longest) {
        const double at = draws_.uniform() * distances_[static_cast<std::size_t>(longest)];
        const auto found = std::upper_bound(distances_.begin(), distances_.begin() + longest, at);
        return std::clamp<std::int64_t>(found - distances_.begin(), 1, longest);
    }
    void copy() {
        const std::int64_t distance = draw_distance(written());
        std::int64_t left = draws_.between(static_cast<int>(options_.shortest_span),
                                           static_cast<int>(options_.longest_span));
        for (; left > 0 && written() < options_.tokens; --left) {
            add(book_.tokens[static_cast<std::size_t>(written() - distance)], 0, distance);
            note_name();
        }
    }
    bool is_name(std::int64_t token) const { return token >= 1 && token <= options_.names; }
    void note_name() {
        if (is_name(book_.tokens.back())) names_.push_back(written() - 1);
    }
    /// The last name that is `distance` or more before the next token, else the first of all.
    std::int32_t name_before(std::int64_t distance) const {
        const auto behind = std::upper_bound(names_.begin(), names_.end(), written() - distance);
        return book_.tokens[static_cast<std::size_t>(behind == names_.begin() ? names_.front()
                                                                              : behind[-1])];
    }
    void name() {
        const bool may_begin = n_slots_ < options_.slots;
        const double fresh = names_.empty() ? 1 : may_begin ? new_share : 0;
        std::int64_t token = 0;
        if (draws_.with_probability(fresh)) {
            token = 1 + draws_.below(static_cast<int>(options_.names));
            ++n_slots_;
        } else {
            token = name_before(draw_distance(written()));
        }
        add(token, -std::log(probability_of_name(static_cast<std::int32_t>(token), fresh)),
            distance_to_last(static_cast<std::int32_t>(token)));
        names_.push_back(written() - 1);
    }
    double probability_of_name(std::int32_t token, double fresh) const {
        double share = fresh / static_cast<double>(options_.names);
        if (fresh >= 1) return share;
        // Distances between two names all lead to the earlier of them.
        const std::int64_t at = written();
        double reused = 0;
        for (std::size_t k = 0; k < names_.size(); ++k) {
            if (book_.tokens[static_cast<std::size_t>(names_[k])] != token) continue;
            const std::int64_t longest = k == 0 ? at : at - names_[k],
                               shortest = k + 1 < names_.size() ? at - names_[k + 1] : 0;
            reused += distances_[static_cast<std::size_t>(longest)] -
                      distances_[static_cast<std::size_t>(shortest)];
        }
        return share + (1 - fresh) * reused / distances_[static_cast<std::size_t>(at)];
    }
    std::int64_t distance_to_last(std::int32_t token) const {
        for (std::size_t k = names_.size(); k-- > 0;) {
            if (book_.tokens[static_cast<std::size_t>(names_[k])] == token) {
                return written() - names_[k];
            }
        }
        return 0;
    }
    /// Where the ranks of a state and a topic begin.
    std::int64_t origin(std::int64_t topic) const {
        return (state_ * 37 + topic * 101) % ordinary_;
    }
    void ordinary() {
        const std::int64_t topic = topics_[draws_.choice(weights_)];
        const double at = draws_.uniform() * ranks_.back();
        const auto found = std::upper_bound(ranks_.begin(), ranks_.end(), at);
        const std::int64_t rank =
            std::clamp<std::int64_t>(found - ranks_.begin() - 1, 0, ordinary_ - 1);
        const std::int64_t kind = (origin(topic) + rank) % ordinary_;
        double share = 0;
        for (std::size_t k = 0; k < topics_.size(); ++k) {
            const std::int64_t of_topic = (kind - origin(topics_[k]) + ordinary_) % ordinary_;
            share += weights_[k] / (static_cast<double>(of_topic + 1) * ranks_.back());
        }
        add(1 + options_.names + kind, -std::log(share), 0);
    }

    BookOptions options_;
    std::int64_t ordinary_;
    SampleDraws draws_;
    std::vector<double> distances_, ranks_, weights_;
    std::vector<std::int64_t> topics_, names_;  // names_: places of names
    std::int64_t state_ = 0, n_slots_ = 0;
    Book book_;
};

}  // namespace

BookOptions book_options(Tier tier, std::int64_t tokens) {
    BookOptions options{.tokens = tokens};
    if (tier == Tier::tiny) return options;
    options.vocabulary = 2048;
    options.names = 512;
    options.slots = 32;
    options.states = 64;
    options.topics = 50;
    options.topics_of_book = 10;
    options.shortest_span = 16;
    options.longest_span = 64;
    return options;
}

Book make_book(const BookOptions& options, std::uint64_t seed, std::uint64_t index,
               const char* purpose) {
    ELM_CHECK(options.tokens >= 2 && options.names >= 1 && options.vocabulary > options.names + 1,
              "a book of {} tokens of {} kinds, {} of them names: expected 2 or more tokens, and "
              "more kinds than names.",
              options.tokens, options.vocabulary, options.names);
    return BookWriter(options, seed, index, purpose).write();
}

}  // namespace elm
