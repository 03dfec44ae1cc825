#include "kernels/core/mpi/mpi_runtime.h"

#include <mpi.h>

#include <cstdint>
#include <limits>
#include <string_view>

#include "kernels/core/support/check.h"

namespace elm::mpi {
namespace {

void check(int status, const char* what) {
    if (status == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(status, text, &length);
    throw Error(ErrorKind::device,
                fmt::format("MPI: {}: {}", what, std::string_view(text, std::size_t(length))));
}

/// MPI counts in int: whole words of 8 bytes reach 16 GiB, bytes the rest.
struct Amount {
    int count;
    MPI_Datatype type;
};

Amount amount_of(std::size_t bytes) {
    const bool words = bytes % sizeof(std::int64_t) == 0;
    const std::size_t count = words ? bytes / sizeof(std::int64_t) : bytes;
    ELM_CHECK(count <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
              "{} bytes are too much for one message between processes", bytes);
    return {static_cast<int>(count), words ? MPI_INT64_T : MPI_BYTE};
}

}  // namespace

bool available() { return true; }

std::string version() {
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(text, &length);
    const std::string all(text, static_cast<std::size_t>(length));
    return all.substr(0, all.find_first_of(",\n"));
}

void start() {
    int started = 0, provided = 0;
    MPI_Initialized(&started);
    ELM_CHECK(started == 0, "MPI can be started once only");
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "starting");
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "asking for errors");
}

void finish() noexcept { MPI_Finalize(); }
void abort(int exit_code) noexcept { MPI_Abort(MPI_COMM_WORLD, exit_code); }

int rank() {
    int rank = 0;
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "rank");
    return rank;
}

int size() {
    int size = 0;
    check(MPI_Comm_size(MPI_COMM_WORLD, &size), "size");
    return size;
}

int local_rank() {
    MPI_Comm machine = MPI_COMM_NULL;
    int rank = 0;
    check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine),
          "finding the processes of this machine");
    check(MPI_Comm_rank(machine, &rank), "rank on this machine");
    MPI_Comm_free(&machine);
    return rank;
}

void all_to_all(const void* pieces, void* received, std::size_t bytes) {
    const auto [count, type] = amount_of(bytes);
    check(MPI_Alltoall(pieces, count, type, received, count, type, MPI_COMM_WORLD), "all to all");
}

void all_gather(const void* piece, void* pieces, std::size_t bytes) {
    const auto [count, type] = amount_of(bytes);
    check(MPI_Allgather(piece, count, type, pieces, count, type, MPI_COMM_WORLD), "all gather");
}

void broadcast(void* values, std::size_t bytes, int root) {
    const auto [count, type] = amount_of(bytes);
    check(MPI_Bcast(values, count, type, root, MPI_COMM_WORLD), "broadcast");
}

void barrier() { check(MPI_Barrier(MPI_COMM_WORLD), "barrier"); }

}  // namespace elm::mpi
