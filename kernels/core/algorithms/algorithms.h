#pragma once

#include <cstdint>

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

/// Sorting, prefix sums, compaction and run lengths of integers, on both devices. `Key` and
/// `Count` are std::int32_t or std::int64_t. No real types: their sums would depend on chunking.
/// Behind these functions stands Thrust, which no other file sees.
namespace elm {

template <class Key>
struct SortByKeyArgs {
    View<Key, 1> keys;
    View<std::int32_t, 1> values;
};
template <class Count>
struct ExclusiveScanArgs {
    View<const Count, 1> counts;
    View<Count, 1> sums;
};
struct CompactArgs {
    View<const std::uint8_t, 1> flags;
    View<std::int32_t, 1> indices;
    std::int64_t* found;  // on the host
};
template <class Key>
struct RunLengthArgs {
    View<const Key, 1> sorted;
    View<Key, 1> keys;
    View<std::int32_t, 1> lengths;
    std::int64_t* runs;  // on the host
};

template <class Backend, class Key>
void run_sort_by_key(Stream& stream, const SortByKeyArgs<Key>& args);
template <class Backend, class Count>
void run_exclusive_scan(Stream& stream, const ExclusiveScanArgs<Count>& args);
template <class Backend>
void run_compact(Stream& stream, const CompactArgs& args);
template <class Backend, class Key>
void run_run_length(Stream& stream, const RunLengthArgs<Key>& args);

template <class Key>
inline constexpr Kernel<SortByKeyArgs<Key>> sort_by_key_kernel{
    "sort_by_key", &run_sort_by_key<Cpu, Key>, ELM_IF_CUDA((&run_sort_by_key<Cuda, Key>))};
template <class Count>
inline constexpr Kernel<ExclusiveScanArgs<Count>> exclusive_scan_kernel{
    "exclusive_scan", &run_exclusive_scan<Cpu, Count>,
    ELM_IF_CUDA((&run_exclusive_scan<Cuda, Count>))};
inline constexpr Kernel<CompactArgs> compact_kernel{"compact", &run_compact<Cpu>,
                                                    ELM_IF_CUDA(&run_compact<Cuda>)};
template <class Key>
inline constexpr Kernel<RunLengthArgs<Key>> run_length_kernel{
    "run_length", &run_run_length<Cpu, Key>, ELM_IF_CUDA((&run_run_length<Cuda, Key>))};

/// Sorts `keys` in rising order and moves `values` (as many) along; equal keys keep their order.
template <class Key>
void sort_by_key(Stream& stream, View<Key, 1> keys, View<std::int32_t, 1> values);

/// sums[i] = counts[0] + ... + counts[i - 1]; as many sums as counts, which may be the same memory.
template <class Count>
void exclusive_scan(Stream& stream, View<const Count, 1> counts, View<Count, 1> sums);

/// Writes the indices of the flags that are not zero, in rising order, and returns how many there
/// are; `indices` has room for as many as there are flags. Waits for the device.
std::int64_t compact(Stream& stream, View<const std::uint8_t, 1> flags,
                     View<std::int32_t, 1> indices);

/// Writes each different key of `sorted` and how often it stands there, and returns how many
/// different ones there are; both outputs have room for as many as `sorted`. Waits for the device.
template <class Key>
std::int64_t run_length(Stream& stream, View<const Key, 1> sorted, View<Key, 1> keys,
                        View<std::int32_t, 1> lengths);

}  // namespace elm
