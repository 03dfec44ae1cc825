#if defined(ELM_EMULATE)
#    define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#    include <thrust/system/cpp/execution_policy.h>
#else
#    include <thrust/functional.h>
#    include <thrust/system/cuda/execution_policy.h>
#    include <thrust/system_error.h>
#endif

#include "kernels/core/algorithms/algorithms_body.h"
#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/support/error.h"

namespace elm {

#if defined(ELM_EMULATE)

/// The emulated device has its memory on the host: the host's algorithms serve it.
template <>
struct ThrustPolicy<Cuda> {
    using Less = HostLess;

    template <class Work>
    static void run(Stream& stream, const Work& work) {
        stream.synchronize();
        work(thrust::cpp::par);
    }
};

#else

namespace {

/// Scratch memory for Thrust from the stream-ordered pool.
struct StreamAllocator {
    using value_type = char;
    Stream& stream;

    char* allocate(std::ptrdiff_t bytes) {
        return static_cast<char*>(cuda::allocate(stream.device().index, stream.native(),
                                                 static_cast<std::size_t>(bytes)));
    }
    void deallocate(char* memory, std::size_t) { cuda::release(stream.device().index, memory); }
};

}  // namespace

template <>
struct ThrustPolicy<Cuda> {
    using Less = thrust::less<void>;  // lets Thrust take its radix sort

    template <class Work>
    static void run(Stream& stream, const Work& work) {
        StreamAllocator allocator{stream};
        try {
            work(
                thrust::cuda::par_nosync(allocator).on(static_cast<cudaStream_t>(stream.native())));
        } catch (const thrust::system_error& error) {
            throw Error(ErrorKind::device,
                        std::string("CUDA: sorting or scanning: ") + error.what());
        }
    }
};

#endif

template void run_sort_by_key<Cuda>(Stream&, const SortByKeyArgs<std::int32_t>&);
template void run_sort_by_key<Cuda>(Stream&, const SortByKeyArgs<std::int64_t>&);
template void run_exclusive_scan<Cuda>(Stream&, const ExclusiveScanArgs<std::int32_t>&);
template void run_exclusive_scan<Cuda>(Stream&, const ExclusiveScanArgs<std::int64_t>&);
template void run_compact<Cuda>(Stream&, const CompactArgs&);
template void run_run_length<Cuda>(Stream&, const RunLengthArgs<std::int32_t>&);
template void run_run_length<Cuda>(Stream&, const RunLengthArgs<std::int64_t>&);

}  // namespace elm
