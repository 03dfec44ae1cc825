#pragma once

#include <cstddef>
#include <memory>

namespace elm::cuda {

/// The processes of a run, one CUDA device each, on which NCCL moves bytes in the order of a
/// stream. Two bodies: nccl.cpp and nccl_absent.cpp (a build without it).
class Nccl {
public:
    static bool available();

    /// To be made by all processes together, after mpi::start(). Throws Error{device}.
    Nccl(int device, int rank, int size);
    ~Nccl();
    Nccl(const Nccl&) = delete;
    Nccl& operator=(const Nccl&) = delete;

    /// As in mpi_runtime.h; `stream` is a cudaStream_t.
    void all_to_all(void* stream, const void* pieces, void* received, std::size_t bytes);
    void all_gather(void* stream, const void* piece, void* pieces, std::size_t bytes);
    void broadcast(void* stream, void* values, std::size_t bytes, int root);

private:
    struct Implementation;
    std::unique_ptr<Implementation> work_;
};

}  // namespace elm::cuda
