#pragma once

#include <cuda_runtime.h>

#include <string>

#include "kernels/core/support/error.h"

namespace elm::cuda {

/// Throws Error{memory} or Error{device} with the runtime's words unless `status` is success.
inline void check(cudaError_t status, const char* what, SourceSite site = SourceSite::here()) {
    if (status == cudaSuccess) return;
    const ErrorKind kind =
        status == cudaErrorMemoryAllocation ? ErrorKind::memory : ErrorKind::device;
    throw Error(kind, std::string("CUDA: ") + what + ": " + cudaGetErrorString(status), site);
}

}  // namespace elm::cuda
