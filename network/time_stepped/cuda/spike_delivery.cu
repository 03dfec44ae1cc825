// Spikes of sources, and spikes on their way to the synapses of their targets.

#include <cstdint>
#include <cstring>

#include "kernels/core/cuda/parallel.cuh"
#include "network/time_stepped/cuda/device_kernels.h"

namespace elm::network {
namespace {

constexpr unsigned block_threads = 256;

__device__ void add_spike(const SpikeLog& log, std::int64_t step, std::uint32_t id) {
    log.spikes[atomicAdd(log.count, 1)] = log.entry(step, id);
}

/// A thread has the four neurons whose words stand in one block.
__global__ void __launch_bounds__(block_threads)
    advance_poisson_sources_kernel(PoissonSourceAdvance args) {
    const std::int64_t block = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (block * draws_per_block >= args.size) return;
    RandomKey key = args.key;
    for (std::int64_t step = args.first_step; step < args.end_step; ++step) {
        key.step = static_cast<std::uint64_t>(step);
        const PhiloxCounter words = random_block(key, block);
        for (int w = 0; w < draws_per_block; ++w) {
            const std::int64_t neuron = block * draws_per_block + w;
            if (neuron < args.size && draw_bernoulli(words.word[w], args.probability)) {
                add_spike(args.log, step, static_cast<std::uint32_t>(args.first_id + neuron));
            }
        }
    }
}

__global__ void __launch_bounds__(block_threads) list_spikes_kernel(ListedSourceAdvance args) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < args.count) add_spike(args.log, args.steps[i], args.ids[i]);
}

/// Slot and weight of synapse k of a segment.
template <class Real>
__device__ std::uint32_t read_synapse(const SynapseSegment<Real>& segment,
                                      const std::byte* synapses, int k, Real& weight) {
    constexpr int words = 1 + static_cast<int>(sizeof(Real) / 4);
    weight = segment.weight;
    if (segment.slot_bytes == 2) {
        return reinterpret_cast<const std::uint16_t*>(synapses)[k];
    }
    const auto* const word = reinterpret_cast<const std::uint32_t*>(synapses);
    if (segment.slot_bytes == 4) return word[k];
    std::uint32_t synapse[words];
    for (int w = 0; w < words; ++w) synapse[w] = word[k * words + w];
    std::memcpy(&weight, synapse + 1, sizeof(weight));
    return synapse[0];
}

/// A warp takes a segment of the row of a spike at a time. Sums of whole numbers do not depend on
/// who is first.
template <class Real>
__global__ void __launch_bounds__(block_threads) deliver_spikes_kernel(SpikeDelivery<Real> args) {
    const EventSum begin = args.ends[args.delivery], end = *args.log.count;
    if (blockIdx.x == 0 && threadIdx.x == 0) args.ends[args.delivery + 1] = end;
    const std::int64_t items = static_cast<std::int64_t>(end - begin) * args.most_segments;
    const std::int64_t warps = std::int64_t{gridDim.x} * blockDim.x / warp_size;
    for (std::int64_t item = warp_index(); item < items; item += warps) {
        const EventSum spike =
            args.log.spikes[begin + static_cast<EventSum>(item / args.most_segments)];
        const auto source = static_cast<std::uint32_t>(spike);
        const std::int64_t at = args.segment_begins[source] + item % args.most_segments;
        if (at >= args.segment_begins[source + 1]) continue;
        const SynapseSegment<Real> segment = args.segments[at];
        const std::int64_t acts =
            args.log.first_step + static_cast<std::int64_t>(spike >> 32) + segment.delay;
        if (acts <= args.arrived) continue;
        EventSum* const sums = args.ring.at(acts) + segment.slot;
        for (int k = lane_index(); k < segment.count; k += warp_size) {
            Real weight;
            const std::uint32_t slot = read_synapse(segment, args.synapses + segment.at, k, weight);
            atomicAdd(sums + slot, args.ring.to_sum(static_cast<double>(weight)));
        }
    }
}

LaunchShape one_thread_each(std::int64_t count) {
    return {.blocks = dim3(static_cast<unsigned>((count + block_threads - 1) / block_threads)),
            .threads = dim3(block_threads)};
}

}  // namespace

void advance_poisson_sources_on_cuda(Stream& stream, const PoissonSourceAdvance& args) {
    launch(stream, "advance_poisson_sources",
           one_thread_each((args.size + draws_per_block - 1) / draws_per_block),
           &advance_poisson_sources_kernel, args);
}

void list_spikes_on_cuda(Stream& stream, const ListedSourceAdvance& args) {
    launch(stream, "list_spikes", one_thread_each(args.count), &list_spikes_kernel, args);
}

template <class Real>
void deliver_spikes_on_cuda(Stream& stream, const SpikeDelivery<Real>& args) {
    launch(stream, "deliver_spikes",
           {.blocks = dim3(args.n_blocks), .threads = dim3(block_threads)},
           &deliver_spikes_kernel<Real>, args);
}

template void deliver_spikes_on_cuda(Stream&, const SpikeDelivery<float>&);
template void deliver_spikes_on_cuda(Stream&, const SpikeDelivery<double>&);

}  // namespace elm::network
