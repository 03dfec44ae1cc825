#include "kernels/core/communicator.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>

#include "kernels/core/algorithms/sum.h"
#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/nccl.h"
#include "kernels/core/mpi/mpi_runtime.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

int number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? 0 : std::atoi(text);
}

/// How many processes a launcher says it started: Open MPI, MPICH and its kin, Slurm.
int launched_processes() {
    int count = 1;
    for (const char* const variable :
         {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
        count = std::max(count, number_in(variable));
    }
    return count;
}

/// Copies between tensors of as many bytes, on one device or from or to the host.
void copy_bytes(Stream& stream, std::byte* to, Device to_device, const std::byte* from,
                Device from_device, std::size_t bytes) {
    const bool to_host = to_device.kind == DeviceKind::cpu;
    const bool from_host = from_device.kind == DeviceKind::cpu;
    if (to_host && from_host) {
        std::memcpy(to, from, bytes);
        return;
    }
    const auto kind = to_host     ? cuda::CopyKind::device_to_host
                      : from_host ? cuda::CopyKind::host_to_device
                                  : cuda::CopyKind::device_to_device;
    cuda::copy(to_host ? from_device.index : to_device.index, stream.native(), to, from, bytes,
               kind);
}

}  // namespace

struct Communicator::Implementation {
    int rank = 0, size = 1, local_rank = 0;
    bool started = false;  // MPI, by this object
    int exceptions_at_start = std::uncaught_exceptions();
    std::unique_ptr<cuda::Nccl> nccl;
    // Memory of sum(), kept from call to call: pieces and received (size, chunk), total (chunk).
    Tensor pieces, received, total;

    /// The device on which bytes of tensors on `device` travel.
    Device travel_device(Device device) {
        if (device.kind != DeviceKind::cuda || !cuda::Nccl::available()) return {};
        if (!nccl) nccl = std::make_unique<cuda::Nccl>(device.index, rank, size);
        return device;
    }

    void make_room(Stream& stream, std::int64_t chunk, DType dtype) {
        const bool fits = total.defined() && total.shape() == Shape{1, chunk} &&
                          total.dtype() == dtype && total.device() == stream.device();
        if (fits) return;
        pieces = Tensor::zeros(stream, {size, chunk}, dtype);  // the last piece may be shorter
        received = Tensor::empty(stream, {size, chunk}, dtype);
        total = Tensor::empty(stream, {1, chunk}, dtype);
    }

    void all_to_all(Stream& stream) {
        if (stream.device().kind == DeviceKind::cuda) {
            nccl->all_to_all(stream.native(), pieces.data(), received.data(), total.bytes());
        } else {
            mpi::all_to_all(pieces.data(), received.data(), total.bytes());
        }
    }

    void all_gather(Stream& stream) {
        if (stream.device().kind == DeviceKind::cuda) {
            nccl->all_gather(stream.native(), total.data(), pieces.data(), total.bytes());
        } else {
            mpi::all_gather(total.data(), pieces.data(), total.bytes());
        }
    }

    ~Implementation() {
        nccl.reset();
        if (started && std::uncaught_exceptions() <= exceptions_at_start) mpi::finish();
    }
};

Communicator::Communicator() : work_(std::make_unique<Implementation>()) {}
Communicator::~Communicator() = default;
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;

Communicator Communicator::world() {
    Communicator all;
    const int count = launched_processes();
    if (count == 1) return all;
    if (!mpi::available()) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("started as one of {} processes, but this build has no MPI: each "
                                "would do all the work. Rebuild with -DELM_MPI=ON, or start it "
                                "without a launcher.",
                                count));
    }
    mpi::start();
    all.work_->started = true;
    if (mpi::size() != count) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("started as one of {} processes, but MPI sees {}: the launcher "
                                "belongs to another MPI than this build ({}). Use its mpirun.",
                                count, mpi::size(), mpi::version()));
    }
    all.work_->rank = mpi::rank();
    all.work_->size = mpi::size();
    all.work_->local_rank = mpi::local_rank();
    return all;
}

int Communicator::rank() const noexcept { return work_->rank; }
int Communicator::size() const noexcept { return work_->size; }
int Communicator::local_rank() const noexcept { return work_->local_rank; }

// Rank r adds up piece r of all processes, then all collect the sums: twice the bytes of the tensor
// leave each process, however many there are, and each sum is made once.
void Communicator::sum(Stream& stream, const Tensor& values) {
    Implementation& work = *work_;
    visit_real(values.dtype(), [](auto) {});  // refuses other types
    if (work.size == 1 || values.bytes() == 0) return;
    Stream host{Device{}};
    const Device device = values.device();
    const bool direct = work.travel_device(device).kind == DeviceKind::cuda;
    Stream& travel = direct ? stream : host;
    const std::int64_t chunk = (values.shape().size() + work.size - 1) / work.size;
    work.make_room(travel, chunk, values.dtype());
    copy_bytes(stream, work.pieces.data(), travel.device(), values.data(), device, values.bytes());
    work.all_to_all(travel);
    visit_real(values.dtype(), [&]<class Real>(Real) {
        fold_sum_kernel<Real>(travel,
                              {view<const Real, 2>(work.received.reshape({1, work.size * chunk})),
                               view<Real, 2>(work.total)});
    });
    work.all_gather(travel);
    copy_bytes(stream, values.data(), device, work.pieces.data(), travel.device(), values.bytes());
}

void Communicator::broadcast(Stream& stream, const Tensor& values, int root) {
    ELM_CHECK(root >= 0 && root < size(), "a broadcast from rank {}: expected 0 to {}", root,
              size() - 1);
    if (size() == 1 || values.bytes() == 0) return;
    const Device device = values.device();
    if (work_->travel_device(device).kind == DeviceKind::cuda) {
        work_->nccl->broadcast(stream.native(), values.data(), values.bytes(), root);
        return;
    }
    if (device.kind == DeviceKind::cpu) {
        mpi::broadcast(values.data(), values.bytes(), root);
        return;
    }
    Stream host{Device{}};
    const Tensor staged = Tensor::empty(host, values.shape(), values.dtype());
    copy_bytes(stream, staged.data(), {}, values.data(), device, values.bytes());
    mpi::broadcast(staged.data(), staged.bytes(), root);
    copy_bytes(stream, values.data(), device, staged.data(), {}, values.bytes());
}

std::vector<std::int64_t> Communicator::gather(std::int64_t value) const {
    std::vector<std::int64_t> values(static_cast<std::size_t>(size()), value);
    gather(&value, sizeof value, values.data());
    return values;
}

void Communicator::gather(const void* piece, std::size_t bytes, void* pieces) const {
    if (size() > 1) {
        mpi::all_gather(piece, pieces, bytes);
    } else {
        std::memcpy(pieces, piece, bytes);
    }
}

void Communicator::barrier() const {
    if (size() > 1) mpi::barrier();
}

}  // namespace elm
