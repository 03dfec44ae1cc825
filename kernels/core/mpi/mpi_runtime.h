#pragma once

#include <cstddef>
#include <string>

/// The whole of what host code asks of MPI, on host memory and between all processes of the run.
/// Two bodies: mpi_runtime.cpp and mpi_absent.cpp (a build without MPI).
/// Failures throw Error{device} with MPI's words.
namespace elm::mpi {

bool available();
/// "Open MPI v4.1.4, ..."; empty without MPI.
std::string version();

/// To be called once, before the functions below.
void start();
/// Waits for all processes that have not failed. To be called once.
void finish() noexcept;
/// Ends all processes of the run.
void abort(int exit_code) noexcept;

int rank();
int size();
/// Number of this process among those of the same machine.
int local_rank();

/// Piece r of `pieces`, each of `bytes`, goes to rank r; piece s of `received` came from rank s.
void all_to_all(const void* pieces, void* received, std::size_t bytes);
/// Piece r of `pieces` is the `piece` of rank r.
void all_gather(const void* piece, void* pieces, std::size_t bytes);
void broadcast(void* values, std::size_t bytes, int root);
void barrier();

}  // namespace elm::mpi
