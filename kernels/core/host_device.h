#pragma once

/// ELM_HD marks a function that the host and the device compiler both compile.
/// ELM_WITH_CUDA is defined by the build when CUDA slots are filled, by nvcc or by the emulation.
#if defined(__CUDACC__)
#    define ELM_HD __host__ __device__
#else
#    define ELM_HD
#endif

#if defined(ELM_WITH_CUDA)
#    define ELM_IF_CUDA(function) function
#else
#    define ELM_IF_CUDA(function) nullptr
#endif
