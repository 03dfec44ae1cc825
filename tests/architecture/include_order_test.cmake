# Reads every #include "room/..." of the tree in ROOT and fails on a pair that the order of rooms
# forbids, and on a heavy library in a header. Run with: cmake -DROOT=... -P include_order_test.cmake

cmake_minimum_required(VERSION 3.25)

# What each room, or family of a room, may include besides itself.
set(rooms kernels/core kernels/io kernels/autograd kernels/ops/basic kernels/ops/product
          kernels/ops/scan kernels/ops/elm kernels/ops kernels/modules
          neuron encoders network baselines tasks tests bench)
set(may_include_kernels/core)
set(may_include_kernels/io kernels/core)
set(may_include_kernels/autograd kernels/core)
set(below_ops kernels/core kernels/autograd)
set(may_include_kernels/ops/basic ${below_ops})
set(may_include_kernels/ops/product ${below_ops} kernels/ops/basic)
set(may_include_kernels/ops/scan ${below_ops} kernels/ops/basic kernels/ops/product)
set(may_include_kernels/ops/elm ${below_ops} kernels/ops/basic kernels/ops/product)
set(may_include_kernels/ops ${below_ops})
set(may_include_kernels/modules ${below_ops} kernels/io kernels/ops)
set(may_include_neuron kernels)
set(may_include_encoders kernels)
set(may_include_network kernels neuron)
set(may_include_baselines kernels neuron)
set(may_include_tasks kernels neuron encoders network baselines)
set(may_include_tests kernels neuron encoders network baselines tasks)
set(may_include_bench kernels neuron encoders network baselines tasks tests)

# Slow to compile: allowed in .cpp and .cu, and in headers that only those include.
set(private_headers "(_body|_parts|/cuda/emulation/[a-z]+)\\.h$")
set(heavy "<(Eigen/|unsupported/Eigen|boost/|hdf5|H5|thrust/|cub/|spdlog/|nlohmann/|toml\\+\\+|iostream)")

set(mistakes "")
set(count 0)
foreach(room IN LISTS rooms)
    file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${room}/*.h ${ROOT}/${room}/*.cpp
         ${ROOT}/${room}/*.cu ${ROOT}/${room}/*.cuh)
    foreach(file IN LISTS files)
        math(EXPR count "${count} + 1")
        file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include")
        foreach(include IN LISTS includes)
            if(include MATCHES "\"([a-z_]+/[^\"]+)\"")
                set(target ${CMAKE_MATCH_1})
                set(allowed FALSE)
                foreach(other IN LISTS room may_include_${room})
                    if(target MATCHES "^${other}/")
                        set(allowed TRUE)
                    endif()
                endforeach()
                if(NOT allowed)
                    string(APPEND mistakes "  ${file} must not include ${target}\n")
                endif()
            elseif(include MATCHES "${heavy}" AND file MATCHES "\\.h$" AND NOT file MATCHES "${private_headers}"
                   AND NOT room STREQUAL "tests")
                string(APPEND mistakes "  ${file} must not have a heavy library: ${include}\n")
            endif()
        endforeach()
    endforeach()
endforeach()

if(count EQUAL 0)
    message(FATAL_ERROR "there are no sources in ${ROOT}")
endif()
if(mistakes)
    message(FATAL_ERROR "forbidden includes:\n${mistakes}")
endif()
message(STATUS "${count} files keep the order of the rooms")
