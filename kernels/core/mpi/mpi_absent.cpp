#include "kernels/core/mpi/mpi_runtime.h"
#include "kernels/core/support/error.h"

namespace elm::mpi {
namespace {

[[noreturn]] void fail() {
    throw Error(ErrorKind::unsupported,
                "this build has no MPI. Rebuild with -DELM_MPI=ON, which needs libopenmpi-dev.");
}

}  // namespace

bool available() { return false; }
std::string version() { return {}; }
void start() { fail(); }
void finish() noexcept {}
void abort(int) noexcept {}
int rank() { return 0; }
int size() { return 1; }
int local_rank() { return 0; }
void all_to_all(const void*, void*, std::size_t) { fail(); }
void all_gather(const void*, void*, std::size_t) { fail(); }
void broadcast(void*, std::size_t, int) { fail(); }
void barrier() { fail(); }

}  // namespace elm::mpi
