#include "encoders/change/delta_body.h"
#include "encoders/change/level_crossing_body.h"
#include "encoders/change/moving_window_body.h"
#include "encoders/change/step_forward_body.h"
#include "encoders/change/threshold_bank_body.h"
#include "encoders/change/threshold_based_body.h"
#include "encoders/direct/current_body.h"
#include "encoders/direct/hold_body.h"
#include "encoders/direct/integrate_and_fire_body.h"
#include "encoders/law/batch_body.h"
#include "encoders/population/byte_body.h"
#include "encoders/population/grey_bins_body.h"
#include "encoders/population/one_hot_body.h"
#include "encoders/population/population_body.h"
#include "encoders/population/receptive_fields_body.h"
#include "encoders/timing/binary_phases_body.h"
#include "encoders/timing/burst_body.h"
#include "encoders/timing/latency_body.h"
#include "encoders/timing/time_to_first_spike_body.h"
#include "kernels/core/cuda/parallel.cuh"

namespace elm {

// A line for each law; laws that may refuse a value have one for their check, too.
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<ActivityLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<ActivitySpikesLaw>&);
template void run_encode_batch<Cuda>(Stream&,
                                     const EncodeBatchArgs<BinaryPhasesLaw<LevelOfAngle>>&);
template void run_encode_batch<Cuda>(Stream&,
                                     const EncodeBatchArgs<BinaryPhasesLaw<LevelOfValue>>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<BurstLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<ByteLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<CurrentLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<DeltaLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<FirstSpikeLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<GreyBinsLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<HoldLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<IntegrateAndFireLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<LatencyLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<LevelCrossingLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<MovingWindowLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<OneHotLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<ReceptiveFieldsLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<StepForwardLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<ThresholdBankLaw>&);
template void run_encode_batch<Cuda>(Stream&, const EncodeBatchArgs<ThresholdBasedLaw>&);

template void run_count_refused<Cuda>(Stream&, const CountRefusedArgs<BurstLaw>&);
template void run_count_refused<Cuda>(Stream&, const CountRefusedArgs<OneHotLaw>&);
template void run_count_refused<Cuda>(Stream&, const CountRefusedArgs<RangeCheck>&);

template void run_map_values<Cuda>(Stream&, const MapValuesArgs&);

}  // namespace elm
