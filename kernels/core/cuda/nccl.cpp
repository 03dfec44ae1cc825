#include "kernels/core/cuda/nccl.h"

#include <cuda_runtime.h>
#include <nccl.h>

#include <string>

#include "kernels/core/cuda/cuda_check.h"
#include "kernels/core/mpi/mpi_runtime.h"
#include "kernels/core/support/error.h"

namespace elm::cuda {
namespace {

void check_nccl(ncclResult_t status, const char* what) {
    if (status == ncclSuccess) return;
    throw Error(ErrorKind::device,
                std::string("NCCL: ") + what + ": " + ncclGetErrorString(status));
}

cudaStream_t stream_of(void* stream) { return static_cast<cudaStream_t>(stream); }

}  // namespace

struct Nccl::Implementation {
    int device, size;
    ncclComm_t processes = nullptr;
};

bool Nccl::available() { return true; }

Nccl::Nccl(int device, int rank, int size)
    : work_(std::make_unique<Implementation>(Implementation{device, size})) {
    ncclUniqueId id{};
    if (rank == 0) check_nccl(ncclGetUniqueId(&id), "naming the run");
    mpi::broadcast(&id, sizeof id, 0);
    check(cudaSetDevice(device), "choosing a device");
    check_nccl(ncclCommInitRank(&work_->processes, size, id, rank), "joining the processes");
}

Nccl::~Nccl() { ncclCommDestroy(work_->processes); }

void Nccl::all_to_all(void* stream, const void* pieces, void* received, std::size_t bytes) {
    check(cudaSetDevice(work_->device), "choosing a device");
    const auto* const from = static_cast<const char*>(pieces);
    auto* const to = static_cast<char*>(received);
    check_nccl(ncclGroupStart(), "group");
    for (int rank = 0; rank < work_->size; ++rank) {
        const std::size_t at = static_cast<std::size_t>(rank) * bytes;
        check_nccl(ncclSend(from + at, bytes, ncclInt8, rank, work_->processes, stream_of(stream)),
                   "send");
        check_nccl(ncclRecv(to + at, bytes, ncclInt8, rank, work_->processes, stream_of(stream)),
                   "receive");
    }
    check_nccl(ncclGroupEnd(), "all to all");
}

void Nccl::all_gather(void* stream, const void* piece, void* pieces, std::size_t bytes) {
    check(cudaSetDevice(work_->device), "choosing a device");
    check_nccl(ncclAllGather(piece, pieces, bytes, ncclInt8, work_->processes, stream_of(stream)),
               "all gather");
}

void Nccl::broadcast(void* stream, void* values, std::size_t bytes, int root) {
    check(cudaSetDevice(work_->device), "choosing a device");
    check_nccl(ncclBcast(values, bytes, ncclInt8, root, work_->processes, stream_of(stream)),
               "broadcast");
}

}  // namespace elm::cuda
