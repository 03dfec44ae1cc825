#include "network/connectivity/projection.h"

#include "kernels/core/support/parallel.h"

namespace elm::network {
namespace {

/// Balls in bins: `n` draws of one of `bins`, each with a word of its own.
std::vector<std::uint32_t> count_draws(const RandomKey& key, std::int64_t n, std::int64_t bins) {
    constexpr std::int64_t width = lanes::native_words, per_batch = 4 * width;
    constexpr std::int64_t batches_per_task = 1 << 16;
    const std::int64_t batches = (n + per_batch - 1) / per_batch;
    const std::int64_t tasks = (batches + batches_per_task - 1) / batches_per_task;
    const std::int64_t groups = std::min<std::int64_t>(tasks, thread_count());
    std::vector<std::vector<std::uint32_t>> parts(static_cast<std::size_t>(groups));
    Cpu::for_each_task(groups, [&](std::int64_t group) {
        std::vector<std::uint32_t> counts(static_cast<std::size_t>(bins));
        lanes::Words words[1][4];
        for (std::int64_t batch = batches * group / groups; batch < batches * (group + 1) / groups;
             ++batch) {
            lanes::random_blocks<1>(key, batch * width, words);
            const std::int64_t count = std::min(per_batch, n - batch * per_batch);
            for (std::int64_t i = 0; i < count; ++i) {
                const std::uint64_t word = words[0][i / width][i % width];
                ++counts[(word * static_cast<std::uint64_t>(bins)) >> 32];
            }
        }
        parts[static_cast<std::size_t>(group)] = std::move(counts);
    });
    std::vector<std::uint32_t> total(static_cast<std::size_t>(bins));
    for (const auto& part : parts) {
        for (std::size_t i = 0; i < part.size(); ++i) total[i] += part[i];
    }
    return total;
}

}  // namespace

Projection::Projection(const NetworkDescription& network, std::size_t connection)
    : connection_(&network.connections[connection]),
      n_sources_(network.populations[connection_->from].size),
      n_targets_(network.populations[connection_->to].size),
      forbids_autapses_(connection_->from == connection_->to && !connection_->allow_autapses),
      key_(RandomKey{network.seed, 0, 0}
               .for_purpose("connection")
               .for_part(static_cast<std::uint32_t>(connection))) {
    if (connection_->rule == ConnectionRule::fixed_total) {
        counts_ = count_draws(key_.for_part(2), connection_->degree, n_targets_);
    }
}

}  // namespace elm::network
