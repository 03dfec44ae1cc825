#pragma once

#include <cstdint>

#include "encoders/law/law.h"
#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

/// Kernels of encode_batch() in encoder.h. They have no CPU side: there encodings are lists of
/// spikes (encode_by_law.h), made by the same laws.
namespace elm {

/// What becomes of a batch by a law; cells are 0 before.
template <class Law>
struct EncodeBatchArgs {
    Law law;
    View<const float, 3> values;          // (samples, steps, channels)
    View<const std::int32_t, 1> lengths;  // (samples): steps that count
    View<float, 3> cells;                 // (samples, steps * steps_each, channels * units_each)
};

/// Values of steps that count and that check.takes() refuses, of each `refused_each` neighbours.
template <class Check>
struct CountRefusedArgs {
    Check check;
    View<const float, 3> values;
    View<const std::int32_t, 1> lengths;
    View<std::int32_t, 1> refused;
};
inline constexpr std::int64_t refused_each = 8192;

struct MapValuesArgs {
    ValueMap map;
    View<const float, 3> values;
    View<float, 3> mapped;
};

template <class Backend, class Law>
void run_encode_batch(Stream& stream, const EncodeBatchArgs<Law>& args);
template <class Backend, class Check>
void run_count_refused(Stream& stream, const CountRefusedArgs<Check>& args);
template <class Backend>
void run_map_values(Stream& stream, const MapValuesArgs& args);

template <class Law>
inline constexpr Kernel<EncodeBatchArgs<Law>> encode_batch_kernel{
    "encode_batch", nullptr, ELM_IF_CUDA((&run_encode_batch<Cuda, Law>))};
template <class Check>
inline constexpr Kernel<CountRefusedArgs<Check>> count_refused_kernel{
    "count_refused", nullptr, ELM_IF_CUDA((&run_count_refused<Cuda, Check>))};
inline constexpr Kernel<MapValuesArgs> map_values_kernel{"map_values", nullptr,
                                                         ELM_IF_CUDA(&run_map_values<Cuda>)};

}  // namespace elm
