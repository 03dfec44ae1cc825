// Before any Thrust header: no CUDA in this file, whatever the toolkit.
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP

#include "kernels/core/algorithms/algorithms.h"

#include <thrust/system/cpp/execution_policy.h>

#include <limits>

#include "kernels/core/algorithms/algorithms_body.h"
#include "kernels/core/support/check.h"

namespace elm {

template <>
struct ThrustPolicy<Cpu> {
    using Less = HostLess;

    template <class Work>
    static void run(Stream&, const Work& work) {
        work(thrust::cpp::par);
    }
};

template void run_sort_by_key<Cpu>(Stream&, const SortByKeyArgs<std::int32_t>&);
template void run_sort_by_key<Cpu>(Stream&, const SortByKeyArgs<std::int64_t>&);
template void run_exclusive_scan<Cpu>(Stream&, const ExclusiveScanArgs<std::int32_t>&);
template void run_exclusive_scan<Cpu>(Stream&, const ExclusiveScanArgs<std::int64_t>&);
template void run_compact<Cpu>(Stream&, const CompactArgs&);
template void run_run_length<Cpu>(Stream&, const RunLengthArgs<std::int32_t>&);
template void run_run_length<Cpu>(Stream&, const RunLengthArgs<std::int64_t>&);

namespace {

void require_same(std::int64_t first, std::int64_t second, const char* what) {
    ELM_CHECK(first == second, "{} (got {} and {})", what, first, second);
}

void require_room(std::int64_t room, std::int64_t needed, const char* what) {
    ELM_CHECK(room >= needed, "{} has room for {} elements and needs {}", what, room, needed);
    ELM_CHECK(needed <= std::numeric_limits<std::int32_t>::max(),
              "{} cannot count {} elements in 32 bits", what, needed);
}

}  // namespace

template <class Key>
void sort_by_key(Stream& stream, View<Key, 1> keys, View<std::int32_t, 1> values) {
    require_same(keys.extent[0], values.extent[0], "sort_by_key needs as many values as keys");
    sort_by_key_kernel<Key>(stream, {keys, values});
}

template <class Count>
void exclusive_scan(Stream& stream, View<const Count, 1> counts, View<Count, 1> sums) {
    require_same(counts.extent[0], sums.extent[0], "exclusive_scan needs as many sums as counts");
    exclusive_scan_kernel<Count>(stream, {counts, sums});
}

std::int64_t compact(Stream& stream, View<const std::uint8_t, 1> flags,
                     View<std::int32_t, 1> indices) {
    require_room(indices.extent[0], flags.extent[0], "compact: indices");
    std::int64_t found = 0;
    compact_kernel(stream, {flags, indices, &found});
    return found;
}

template <class Key>
std::int64_t run_length(Stream& stream, View<const Key, 1> sorted, View<Key, 1> keys,
                        View<std::int32_t, 1> lengths) {
    require_room(keys.extent[0], sorted.extent[0], "run_length: keys");
    require_room(lengths.extent[0], sorted.extent[0], "run_length: lengths");
    std::int64_t runs = 0;
    run_length_kernel<Key>(stream, {sorted, keys, lengths, &runs});
    return runs;
}

#define ELM_INSTANTIATE(T)                                                     \
    template void sort_by_key<T>(Stream&, View<T, 1>, View<std::int32_t, 1>);  \
    template void exclusive_scan<T>(Stream&, View<const T, 1>, View<T, 1>);    \
    template std::int64_t run_length<T>(Stream&, View<const T, 1>, View<T, 1>, \
                                        View<std::int32_t, 1>);
ELM_INSTANTIATE(std::int32_t)
ELM_INSTANTIATE(std::int64_t)
#undef ELM_INSTANTIATE

}  // namespace elm
