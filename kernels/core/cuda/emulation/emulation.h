#pragma once

/// The part of CUDA that kernels use, for a host compiler: each thread of a block is a fibre of one
/// OS thread. Only names that have the meaning of the device are here; a missing name is a compile
/// error, never an approximation. README.md of the folder above says what the emulation can and
/// cannot tell.

#include "kernels/core/cuda/emulation/collectives.h"
#include "kernels/core/cuda/emulation/maths.h"
#include "kernels/core/cuda/emulation/memory_access.h"
#include "kernels/core/cuda/emulation/types.h"

// Rewritten at every switch between threads.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
inline constexpr int warpSize = 32;
