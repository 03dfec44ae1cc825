#pragma once

#include <cstdio>
#include <optional>

#include <gtest/gtest.h>

#include "kernels/core/communicator.h"
#include "kernels/core/support/error.h"

/// Tests that run as they are and as several processes under mpirun, of which every one runs all.
namespace elm::test {

inline std::optional<Communicator> processes;  // of this run

/// What main() of such tests does and returns.
inline int run_on_processes(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    try {
        processes = Communicator::world();
    } catch (const Error& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return exit_code(error.kind());
    }
    const int result = RUN_ALL_TESTS();
    processes.reset();
    return result;
}

}  // namespace elm::test
