#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/core/tensor.h"

namespace elm {

/// The processes of one run, started by mpirun or srun, that share the work of a training. All of
/// them make the same calls in the same order, with tensors of the same shape and type.
///
/// Tensors on a CUDA device go from device to device in builds with NCCL and through host memory
/// otherwise; the sums are the same bits. Not for several threads.
class Communicator {
public:
    /// This process alone: sums are what they are.
    Communicator();
    /// All processes of the run; this one alone where no launcher started several.
    /// To be called once. Throws Error{unsupported} where a launcher did and this build has no MPI,
    /// or another MPI than the launcher.
    static Communicator world();

    /// Waits for the others, except while an exception is on its way out: then it leaves at once,
    /// so that the launcher ends them all. Report the exception before main returns.
    ~Communicator();
    Communicator(Communicator&&) noexcept;
    Communicator& operator=(Communicator&&) noexcept;

    int rank() const noexcept;
    int size() const noexcept;
    bool leads() const noexcept { return rank() == 0; }
    /// Number of this process among those of the same machine: the device for it to use.
    int local_rank() const noexcept;

    /// Each element becomes its sum over all processes, added in the order of their ranks: the same
    /// bits in all of them. A real type.
    void sum(Stream& stream, const Tensor& values);
    /// All get the contents of the tensor of `root`.
    void broadcast(Stream& stream, const Tensor& values, int root = 0);
    /// The value of each process, in the order of their ranks.
    std::vector<std::int64_t> gather(std::int64_t value) const;
    /// Piece r of `pieces` becomes the `piece` of rank r, each of `bytes`; host memory.
    void gather(const void* piece, std::size_t bytes, void* pieces) const;
    /// Returns when all have called it.
    void barrier() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> work_;
};

}  // namespace elm
