#pragma once

// Calls that Thrust 1.17 and 3.0 have in common. Included by algorithms.cpp and algorithms.cu only.
#include <thrust/copy.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include "kernels/core/algorithms/algorithms.h"

namespace elm {

/// Specialised beside each instantiation: `run(stream, work)` calls work(policy) with the
/// execution policy of the stream's device; `Less` is the order by which it sorts.
template <class Backend>
struct ThrustPolicy;

/// The order of the host. Its own type keeps Thrust from its host radix sort, which puts negative
/// 32-bit keys behind positive ones in CCCL 3.0 (github.com/NVIDIA/cccl, issue 4919).
struct HostLess {
    template <class Key>
    bool operator()(Key left, Key right) const {
        return left < right;
    }
};

struct IsSet {
    ELM_HD bool operator()(std::uint8_t flag) const { return flag != 0; }
};

template <class Backend, class Key>
void run_sort_by_key(Stream& stream, const SortByKeyArgs<Key>& args) {
    ThrustPolicy<Backend>::run(stream, [&](const auto& policy) {
        thrust::stable_sort_by_key(policy, args.keys.data, args.keys.data + args.keys.extent[0],
                                   args.values.data, typename ThrustPolicy<Backend>::Less{});
    });
}

template <class Backend, class Count>
void run_exclusive_scan(Stream& stream, const ExclusiveScanArgs<Count>& args) {
    ThrustPolicy<Backend>::run(stream, [&](const auto& policy) {
        thrust::exclusive_scan(policy, args.counts.data, args.counts.data + args.counts.extent[0],
                               args.sums.data, Count{0});
    });
}

template <class Backend>
void run_compact(Stream& stream, const CompactArgs& args) {
    ThrustPolicy<Backend>::run(stream, [&](const auto& policy) {
        const thrust::counting_iterator<std::int32_t> first(0);
        const auto count = static_cast<std::int32_t>(args.flags.extent[0]);
        *args.found = thrust::copy_if(policy, first, first + count, args.flags.data,
                                      args.indices.data, IsSet{}) -
                      args.indices.data;
    });
}

template <class Backend, class Key>
void run_run_length(Stream& stream, const RunLengthArgs<Key>& args) {
    ThrustPolicy<Backend>::run(stream, [&](const auto& policy) {
        const auto end = thrust::reduce_by_key(
            policy, args.sorted.data, args.sorted.data + args.sorted.extent[0],
            thrust::constant_iterator<std::int32_t>(1), args.keys.data, args.lengths.data);
        *args.runs = end.first - args.keys.data;
    });
}

// Slots take the address of both backends; each is instantiated in its own file.
extern template void run_sort_by_key<Cpu>(Stream&, const SortByKeyArgs<std::int32_t>&);
extern template void run_sort_by_key<Cpu>(Stream&, const SortByKeyArgs<std::int64_t>&);
extern template void run_exclusive_scan<Cpu>(Stream&, const ExclusiveScanArgs<std::int32_t>&);
extern template void run_exclusive_scan<Cpu>(Stream&, const ExclusiveScanArgs<std::int64_t>&);
extern template void run_compact<Cpu>(Stream&, const CompactArgs&);
extern template void run_run_length<Cpu>(Stream&, const RunLengthArgs<std::int32_t>&);
extern template void run_run_length<Cpu>(Stream&, const RunLengthArgs<std::int64_t>&);
extern template void run_sort_by_key<Cuda>(Stream&, const SortByKeyArgs<std::int32_t>&);
extern template void run_sort_by_key<Cuda>(Stream&, const SortByKeyArgs<std::int64_t>&);
extern template void run_exclusive_scan<Cuda>(Stream&, const ExclusiveScanArgs<std::int32_t>&);
extern template void run_exclusive_scan<Cuda>(Stream&, const ExclusiveScanArgs<std::int64_t>&);
extern template void run_compact<Cuda>(Stream&, const CompactArgs&);
extern template void run_run_length<Cuda>(Stream&, const RunLengthArgs<std::int32_t>&);
extern template void run_run_length<Cuda>(Stream&, const RunLengthArgs<std::int64_t>&);

}  // namespace elm
