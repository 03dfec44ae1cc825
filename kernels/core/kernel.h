#pragma once

#include "kernels/core/host_device.h"
#include "kernels/core/stream.h"

namespace elm {

struct Cpu;   // backend tags: Cpu::for_each_index is in parallel.h, Cuda::for_each_index in
struct Cuda;  // cuda/parallel.cuh

[[noreturn]] void throw_no_kernel(const char* name, Device device);
[[noreturn]] void throw_launch_failed(const char* what);

/// One computation with up to two implementations. Plain data: no registration, no start-up order.
template <class Args>
struct Kernel {
    using Run = void (*)(Stream&, const Args&);
    const char* name;
    Run cpu;
    Run cuda;  // null when this build, or this kernel, has no CUDA version

    /// Runs on the stream's device. Throws Error{unsupported} where there is no implementation:
    /// never a silent fall-back to the CPU.
    void operator()(Stream& stream, const Args& args) const {
        const Run run = stream.device().kind == DeviceKind::cuda ? cuda : cpu;
        if (run == nullptr) throw_no_kernel(name, stream.device());
        run(stream, args);
    }
};

/// The instances of `run<Backend, Real>(Stream&, const Args<Real>&)` for both real types: declared
/// where the shared body stands, for slots take the address of both backends, and defined in the
/// file of each backend.
#define ELM_DECLARE_CUDA_INSTANCES(run, Args)                    \
    extern template void run<Cuda>(Stream&, const Args<float>&); \
    extern template void run<Cuda>(Stream&, const Args<double>&)
#define ELM_DEFINE_INSTANCES(Backend, run, Args)             \
    template void run<Backend>(Stream&, const Args<float>&); \
    template void run<Backend>(Stream&, const Args<double>&)

}  // namespace elm
