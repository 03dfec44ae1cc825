#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/core/random/philox_lanes.h"
#include "kernels/core/random/random_key.h"
#include "network/description/network_description.h"

namespace elm::network {

/// One synapse as a rule draws it; neurons count within their populations. Weight, delay and the
/// input of an ELM neuron follow from the words, or from `index` in the lists of an explicit rule.
struct DrawnSynapse {
    std::int64_t source, target;
    std::uint32_t weight_word, delay_word, synapse_word;
    std::int64_t index;
};

/// Words of one row of a connection: four for each synapse.
class RowWords {
public:
    RowWords(const RandomKey& key, std::int64_t row)
        : key_(key.at_step(static_cast<std::uint64_t>(row))) {}

    static constexpr std::int64_t width = lanes::native_words;

    std::uint32_t word(std::int64_t synapse, int which) {
        const std::int64_t first = synapse / width * width;
        if (first != first_) fill(first);
        return words_[0][which][synapse - first];
    }
    /// Words of synapses [first, first + width), by which; `first` is a multiple of the width.
    const lanes::Words (&block(std::int64_t first))[4] {
        fill(first);
        return words_[0];
    }

private:
    void fill(std::int64_t first) {
        first_ = first;
        lanes::random_blocks<1>(key_, first, words_);
    }

    RandomKey key_;
    std::int64_t first_ = -1;
    lanes::Words words_[1][4] = {};
};

/// A connection ready to be drawn: whatever part of the targets is asked for, in whatever order,
/// by whatever thread, its synapses are the same. Each target (or source, for a fixed out-degree)
/// has a row of random words of its own.
class Projection {
public:
    Projection(const NetworkDescription& network, std::size_t connection);

    const Connection& connection() const { return *connection_; }
    std::int64_t n_sources() const { return n_sources_; }
    std::int64_t n_targets() const { return n_targets_; }

    /// Calls emit(DrawnSynapse) for all synapses onto targets [first, last), in an order that does
    /// not depend on these bounds for the synapses of any one source.
    template <class Emit>
    void for_each_synapse(std::int64_t first, std::int64_t last, const Emit& emit) const {
        switch (connection_->rule) {
            case ConnectionRule::all_to_all:
                return all_to_all(first, last, emit);
            case ConnectionRule::one_to_one:
                return one_to_one(first, last, emit);
            case ConnectionRule::fixed_probability:
                return fixed_probability(first, last, emit);
            case ConnectionRule::fixed_in_degree:
            case ConnectionRule::fixed_total:
                return fixed_in_degree(first, last, emit);
            case ConnectionRule::fixed_out_degree:
                return fixed_out_degree(first, last, emit);
            case ConnectionRule::list:
                return list(first, last, emit);
        }
    }

private:
    static std::int64_t bounded(std::uint32_t word, std::int64_t below) {
        return static_cast<std::int64_t>(
            (std::uint64_t{word} * static_cast<std::uint64_t>(below)) >> 32);
    }
    bool is_forbidden(std::int64_t source, std::int64_t target) const {
        return forbids_autapses_ && source == target;
    }

    template <class Emit>
    void all_to_all(std::int64_t first, std::int64_t last, const Emit& emit) const {
        for (std::int64_t target = first; target < last; ++target) {
            RowWords words(key_, target);
            for (std::int64_t source = 0; source < n_sources_; ++source) {
                if (is_forbidden(source, target)) continue;
                emit(DrawnSynapse{source, target, words.word(source, 1), words.word(source, 2),
                                  words.word(source, 3), 0});
            }
        }
    }
    template <class Emit>
    void one_to_one(std::int64_t first, std::int64_t last, const Emit& emit) const {
        for (std::int64_t target = first; target < last; ++target) {
            RowWords words(key_, target);
            emit(DrawnSynapse{target, target, words.word(0, 1), words.word(0, 2), words.word(0, 3),
                              0});
        }
    }
    /// Gaps between the sources of a target are geometric.
    template <class Emit>
    void fixed_probability(std::int64_t first, std::int64_t last, const Emit& emit) const {
        if (connection_->probability == 0) return;
        const double per_log = 1 / std::log1p(-connection_->probability);
        for (std::int64_t target = first; target < last; ++target) {
            RowWords words(key_, target);
            std::int64_t source = -1;
            for (std::int64_t i = 0;; ++i) {
                const double gap = std::log((words.word(i, 0) + 0.5) * 0x1p-32) * per_log;
                if (!(gap < static_cast<double>(n_sources_ - source))) break;
                source += 1 + static_cast<std::int64_t>(gap);
                if (source >= n_sources_) break;
                if (is_forbidden(source, target)) continue;
                emit(DrawnSynapse{source, target, words.word(i, 1), words.word(i, 2),
                                  words.word(i, 3), 0});
            }
        }
    }
    template <class Emit>
    void fixed_in_degree(std::int64_t first, std::int64_t last, const Emit& emit) const {
        std::vector<std::uint8_t> taken(connection_->allow_multapses ? 0 : n_taken(n_sources_));
        for (std::int64_t target = first; target < last; ++target) {
            const std::int64_t degree =
                counts_.empty() ? connection_->degree : counts_[static_cast<std::size_t>(target)];
            draw_ends(target, degree, n_sources_, taken,
                      [&](std::int64_t source, std::uint32_t weight, std::uint32_t delay,
                          std::uint32_t synapse) {
                          emit(DrawnSynapse{source, target, weight, delay, synapse, 0});
                      });
        }
    }
    template <class Emit>
    void fixed_out_degree(std::int64_t first, std::int64_t last, const Emit& emit) const {
        std::vector<std::uint8_t> taken(connection_->allow_multapses ? 0 : n_taken(n_targets_));
        for (std::int64_t source = 0; source < n_sources_; ++source) {
            draw_ends(source, connection_->degree, n_targets_, taken,
                      [&](std::int64_t target, std::uint32_t weight, std::uint32_t delay,
                          std::uint32_t synapse) {
                          if (target < first || target >= last) return;
                          emit(DrawnSynapse{source, target, weight, delay, synapse, 0});
                      });
        }
    }
    template <class Emit>
    void list(std::int64_t first, std::int64_t last, const Emit& emit) const {
        RowWords words(key_, 0);
        for (std::size_t i = 0; i < connection_->targets.size(); ++i) {
            const std::int64_t target = connection_->targets[i];
            if (target < first || target >= last) continue;
            const auto index = static_cast<std::int64_t>(i);
            emit(DrawnSynapse{connection_->sources[i], target, words.word(index, 1),
                              words.word(index, 2), words.word(index, 3), index});
        }
    }

    /// Other ends of the synapses of neuron `row`, with their words. Without multapses a
    /// draw of one that is taken is drawn again; where most are taken, those are drawn that are
    /// left out.
    template <class Body>
    void draw_ends(std::int64_t row, std::int64_t degree, std::int64_t n_others,
                   std::vector<std::uint8_t>& taken, const Body& body) const {
        RowWords words(key_, row);
        if (taken.empty()) {
            const std::int64_t n = n_others - (forbids_autapses_ ? 1 : 0);
            for (std::int64_t first = 0; first < degree; first += RowWords::width) {
                const auto& block = words.block(first);
                const std::int64_t count = std::min(RowWords::width, degree - first);
                for (std::int64_t i = 0; i < count; ++i) {
                    std::int64_t other = bounded(block[0][i], n);
                    if (forbids_autapses_ && other >= row) ++other;
                    body(other, block[1][i], block[2][i], block[3][i]);
                }
            }
            return;
        }
        const std::int64_t allowed = n_others - (forbids_autapses_ ? 1 : 0);
        const bool leaves_out = degree > allowed / 2;
        std::fill(taken.begin(), taken.end(), std::uint8_t{0});
        if (forbids_autapses_) taken[static_cast<std::size_t>(row)] = 1;
        std::int64_t left = leaves_out ? allowed - degree : degree;
        for (std::int64_t i = 0; left > 0; ++i) {
            const std::int64_t other = bounded(words.word(i, 0), n_others);
            if (taken[static_cast<std::size_t>(other)] != 0) continue;
            taken[static_cast<std::size_t>(other)] = 1;
            --left;
            if (!leaves_out) body(other, words.word(i, 1), words.word(i, 2), words.word(i, 3));
        }
        if (!leaves_out) return;
        RowWords values(key_.for_part(1), row);
        for (std::int64_t other = 0; other < n_others; ++other) {
            if (taken[static_cast<std::size_t>(other)] != 0) continue;
            body(other, values.word(other, 1), values.word(other, 2), values.word(other, 3));
        }
    }
    static std::size_t n_taken(std::int64_t n) { return static_cast<std::size_t>(n); }

    const Connection* connection_;
    std::int64_t n_sources_, n_targets_;
    bool forbids_autapses_;
    RandomKey key_;
    std::vector<std::uint32_t> counts_;  // synapses of each target, of fixed_total
};

}  // namespace elm::network
