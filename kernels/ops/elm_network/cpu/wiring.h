#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "kernels/ops/elm_network/cpu/sample_lanes.h"
#include "kernels/ops/elm_network/layer_shape.h"
#include "kernels/ops/elm_network/synapses.h"

namespace elm::elm_layer {

/// A connection of a sum: its input and its target as places in arrays of samples.
struct Connection {
    std::int32_t target, input, synapse;
};

/// Sums of weighted inputs, four samples side by side: targets with few connections first, so that
/// the loops over them have a constant length.
template <class Real>
class SparseSums {
public:
    /// Of connections in the order of their targets.
    SparseSums(std::span<const Connection> connections, const Real* weight) {
        struct Target {
            std::size_t first, count;
        };
        std::vector<Target> targets;
        for (std::size_t i = 0; i < connections.size(); ++i) {
            if (i == 0 || connections[i].target != connections[i - 1].target) {
                targets.push_back({i, 0});
            }
            ++targets.back().count;
        }
        std::stable_sort(targets.begin(), targets.end(),
                         [](const Target& a, const Target& b) { return a.count < b.count; });
        for (const Target& target : targets) {
            if (groups_.empty() || groups_.back().count != target.count) {
                groups_.push_back({target.count, 0});
            }
            ++groups_.back().targets;
            target_.push_back(connections[target.first].target);
            for (const Connection& one : connections.subspan(target.first, target.count)) {
                synapse_.push_back(one.synapse);
                input_.push_back(one.input);
                weight_.push_back(weight[one.synapse]);
            }
        }
    }

    /// Of each connection in the order of their sums.
    std::span<const std::int32_t> synapses() const { return synapse_; }

    /// targets[t] = the sum of weight inputs[input] over its connections; `adds`: += the sum.
    template <bool adds>
    void run(const Real* inputs, Real* targets) const {
        for_each_target([=, weight = weight_.data(), input = input_.data()]<int most>(
                            std::int32_t target, std::size_t first, std::size_t n) {
            Samples<Real> sum{};
            if constexpr (adds) sum = samples(targets + target);
#pragma GCC unroll 16
            for (std::size_t k = first; k < first + (most > 0 ? most : n); ++k) {
                sum = multiply_add(weight[k], samples(inputs + input[k]), sum);
            }
            put(targets + target, sum);
        });
    }

    /// sums[connection] += sum over the steps of targets[step][target] inputs[step][input], each
    /// sample for itself; arrays of a step are `target_stride` and `input_stride` elements apart.
    template <int steps>
    void add_products(const Real* targets, std::int64_t target_stride, const Real* inputs,
                      std::int64_t input_stride, Real* sums) const {
        for_each_target([=, input = input_.data()]<int most>(std::int32_t target, std::size_t first,
                                                             std::size_t n) {
            Samples<Real> own[steps];
#pragma GCC unroll 8
            for (int t = 0; t < steps; ++t) own[t] = samples(targets + t * target_stride + target);
            for (std::size_t k = first; k < first + (most > 0 ? most : n); ++k) {
                Samples<Real> sum = samples(sums + k * tile_samples);
#pragma GCC unroll 8
                for (int t = 0; t < steps; ++t) {
                    sum = lanes::multiply_add<Real, tile_samples>(
                        own[t], samples(inputs + input[k] + t * input_stride), sum);
                }
                put(sums + k * tile_samples, sum);
            }
        });
    }

private:
    struct Group {
        std::size_t count;    // of connections of a target
        std::size_t targets;  // so many targets with so many connections follow one another
    };
    static constexpr int unrolled = 16;

    /// Calls body.operator()<count>(target, first connection, count) for each target; the count is
    /// also a constant, or that is 0 for more than are unrolled.
    template <class Body>
    ELM_INLINE void for_each_target(const Body& body) const {
        const std::int32_t* target = target_.data();
        std::size_t first = 0;
        for (const Group& group : groups_) {
            const auto targets = [&]<int most>() {
                const std::int32_t* const end = target + group.targets;
                for (; target < end; ++target, first += group.count) {
                    body.template operator()<most>(*target, first, group.count);
                }
            };
            if (group.count > unrolled) targets.template operator()<0>();
            with_constant<unrolled>(static_cast<std::int64_t>(group.count), targets);
        }
    }
    ELM_INLINE static Samples<Real> samples(const Real* from) {
        return lanes::load<Real, tile_samples>(from);
    }
    ELM_INLINE static void put(Real* to, const Samples<Real>& value) {
        lanes::store<Real, tile_samples>(to, value);
    }
    ELM_INLINE static Samples<Real> multiply_add(Real weight, const Samples<Real>& value,
                                                 const Samples<Real>& sum) {
        return lanes::multiply_add<Real, tile_samples>(weight, value, sum);
    }

    std::vector<Group> groups_;
    std::vector<std::int32_t> target_, input_, synapse_;
    std::vector<Real> weight_;
};

/// The synapses between neurons of a layer, block by block of the neurons that hear. Arrays of
/// sources are [block][position][sample], arrays of the rows of one block
/// [branch][position][sample].
template <class Real>
class Wiring {
public:
    Wiring(const ElmLayerShape& shape, const SynapsesView& synapses, const Real* weight)
        : row_elements_(shape.branches * row_size<Real>), count_(synapses.count()) {
        std::vector<std::vector<Connection>> blocks(
            static_cast<std::size_t>(blocks_of<Real>(shape.neurons)));
        const auto place = [](std::int64_t row, std::int64_t lane) {
            return static_cast<std::int32_t>(row * row_size<Real> +
                                             position<Real>(lane) * tile_samples);
        };
        for (std::int64_t i = 0; i < synapses.count(); ++i) {
            const std::int64_t neuron = synapses.row(i) % shape.neurons,
                               source = synapses.source(i);
            blocks[static_cast<std::size_t>(neuron / width<Real>)].push_back(
                {place(synapses.row(i) / shape.neurons, neuron % width<Real>),
                 place(source / width<Real>, source % width<Real>), static_cast<std::int32_t>(i)});
        }
        std::int64_t first = 0;
        for (std::vector<Connection>& connections : blocks) {
            SparseSums<Real> to_rows(connections, weight);
            for (Connection& one : connections) std::swap(one.target, one.input);
            std::stable_sort(
                connections.begin(), connections.end(),
                [](const Connection& a, const Connection& b) { return a.target < b.target; });
            blocks_.push_back({std::move(to_rows), SparseSums<Real>(connections, weight), first});
            first += std::ssize(connections);
        }
    }

    bool empty() const { return count_ == 0; }
    std::int64_t count() const { return count_; }
    /// Elements of an array of sources; those of lanes without a neuron count for nothing.
    std::int64_t source_elements() const { return std::ssize(blocks_) * row_size<Real>; }
    /// Elements of an array of a block's rows; those of rows without a synapse are never written.
    std::int64_t row_elements() const { return row_elements_; }

    /// rows[r] = sum over the synapses of row r of weight sources[source].
    void gather(std::int64_t q, const Real* sources, Real* rows) const {
        block(q).to_rows.template run<false>(sources, rows);
    }
    /// sources[p] += sum over the synapses of source p, of rows of this block, of weight rows[row].
    void gather_back(std::int64_t q, const Real* rows, Real* sources) const {
        block(q).to_sources.template run<true>(rows, sources);
    }
    /// sums[synapse] += sum over the steps, at most `most_steps`, of rows[step][row]
    /// sources[step][source], each sample for itself, for all synapses of this block.
    template <int most_steps>
    void add_weight_gradients(std::int64_t q, const Real* rows, const Real* sources,
                              std::int64_t n_steps, Real* sums) const {
        with_constant<most_steps>(n_steps, [&]<int steps>() {
            block(q).to_rows.template add_products<steps>(rows, row_elements(), sources,
                                                          source_elements(),
                                                          sums + block(q).first * tile_samples);
        });
    }
    /// Calls body(synapse, its place among these sums).
    template <class Body>
    void for_each_sum(const Body& body) const {
        for (const Block& block : blocks_) {
            std::int64_t at = block.first;
            for (const std::int32_t synapse : block.to_rows.synapses()) body(synapse, at++);
        }
    }

private:
    struct Block {
        SparseSums<Real> to_rows, to_sources;
        std::int64_t first;  // synapse of the sums of weight gradients
    };
    const Block& block(std::int64_t q) const { return blocks_[static_cast<std::size_t>(q)]; }

    std::int64_t row_elements_, count_;
    std::vector<Block> blocks_;
};

}  // namespace elm::elm_layer
