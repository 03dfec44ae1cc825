# Finds every package in one place and tells which was taken.

find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(ELM_SNDFILE IMPORTED_TARGET sndfile)  # optional: sounds are read with it
if(ELM_BUILD_TESTS)
    find_package(GTest 1.12 REQUIRED)
endif()
if(ELM_BUILD_BENCH)
    find_package(benchmark 1.7 REQUIRED)
endif()

# --- CUDA: compiled by nvcc, run on host fibres, or absent -----------------------------------
if(ELM_EMULATE)
    set(ELM_CUDA_STATE emulated)
elseif(ELM_CUDA STREQUAL "OFF")
    set(ELM_CUDA_STATE absent)
else()
    include(CheckLanguage)
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
        # Before enable_language: nvcc's own default is an old architecture.
        if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
            set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
        endif()
        enable_language(CUDA)
        if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know it for nvcc
            set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
            set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
        endif()
        set(CMAKE_CUDA_STANDARD 20)
        set(CMAKE_CUDA_STANDARD_REQUIRED ON)
        find_package(CUDAToolkit REQUIRED)
        set(ELM_CUDA_STATE nvcc)
    elseif(ELM_CUDA STREQUAL "ON")
        message(FATAL_ERROR "ELM_CUDA=ON, but no CUDA compiler was found. Put nvcc on the PATH or "
                            "set CMAKE_CUDA_COMPILER, or configure with -DELM_CUDA=OFF.")
    else()
        set(ELM_CUDA_STATE absent)
    endif()
endif()

# --- Thrust on the host: the toolkit's headers (CCCL 3), Debian's libthrust-dev (1.17), or a folder
# given as ELM_THRUST_INCLUDE. Each must compile without CUDA; the first that does is taken. With
# nvcc the toolkit goes first, so that both devices run the same version.
function(elm_find_thrust)
    file(GLOB toolkits /usr/local/cuda*/include/cccl)
    set(candidates /usr/include ${toolkits})
    if(ELM_CUDA_STATE STREQUAL "nvcc")
        list(TRANSFORM CUDAToolkit_INCLUDE_DIRS APPEND /cccl OUTPUT_VARIABLE own)
        set(candidates ${own} ${CUDAToolkit_INCLUDE_DIRS} ${candidates})
    endif()
    if(ELM_THRUST_INCLUDE)
        set(candidates ${ELM_THRUST_INCLUDE})
    endif()
    foreach(folder IN LISTS candidates)
        if(NOT EXISTS ${folder}/thrust/version.h)
            continue()
        endif()
        set(options "")
        if(NOT folder STREQUAL "/usr/include")  # as a system folder it would hide the compiler's
            set(options -isystem ${folder})
        endif()
        list(JOIN options " " CMAKE_REQUIRED_FLAGS)
        string(MAKE_C_IDENTIFIER "ELM_THRUST_COMPILES_${folder}" compiles)
        check_cxx_source_compiles("
            #define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
            #include <thrust/sort.h>
            #include <thrust/system/cpp/execution_policy.h>
            int main() { int key = 0; thrust::stable_sort(thrust::cpp::par, &key, &key + 1); }"
            ${compiles})
        if(${compiles})
            file(STRINGS ${folder}/thrust/version.h version REGEX "define THRUST_VERSION [0-9]+")
            string(REGEX REPLACE ".*THRUST_VERSION ([0-9]+).*" "\\1" version "${version}")
            set(ELM_THRUST_OPTIONS "${options}" PARENT_SCOPE)
            set(ELM_THRUST "${version} from ${folder}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "No Thrust that the host compiler can use (looked at: ${candidates}). "
                        "Install libthrust-dev, or set ELM_THRUST_INCLUDE to a folder with thrust/.")
endfunction()
include(CheckCXXSourceCompiles)
elm_find_thrust()

# --- MPI: several processes that train together. NCCL: between their GPUs.
set(ELM_MPI_STATE absent)
if(NOT ELM_MPI STREQUAL "OFF")
    find_package(MPI COMPONENTS C)
    if(MPI_C_FOUND)
        set(ELM_MPI_STATE found)
    elseif(ELM_MPI STREQUAL "ON")
        message(FATAL_ERROR "ELM_MPI=ON, but no MPI was found. Install libopenmpi-dev, or set "
                            "MPI_C_COMPILER, or configure with -DELM_MPI=OFF.")
    endif()
endif()
if(ELM_NCCL)
    find_path(ELM_NCCL_INCLUDE nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
    find_library(ELM_NCCL_LIBRARY nccl HINTS ${CUDAToolkit_LIBRARY_DIR})
    if(NOT ELM_CUDA_STATE STREQUAL "nvcc" OR NOT ELM_MPI_STATE STREQUAL "found" OR
       NOT ELM_NCCL_INCLUDE OR NOT ELM_NCCL_LIBRARY)
        message(FATAL_ERROR "ELM_NCCL=ON needs nvcc, MPI, nccl.h and libnccl. Install them, or "
                            "configure with -DELM_NCCL=OFF: sums then go through host memory.")
    endif()
endif()

find_program(ELM_CCACHE ccache)
if(ELM_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ELM_CCACHE})
    if(ELM_CUDA_STATE STREQUAL "nvcc")
        set(CMAKE_CUDA_COMPILER_LAUNCHER ${ELM_CCACHE})
    endif()
endif()

function(elm_print_summary)
    message(STATUS "elmsim ${PROJECT_VERSION}: ${CMAKE_BUILD_TYPE}, -march=${ELM_ARCH}, CUDA "
                   "${ELM_CUDA_STATE}, sanitizers '${ELM_SANITIZE}', ccache '${ELM_CCACHE}'")
    message(STATUS "  MPI ${ELM_MPI_STATE} ${MPI_C_LIBRARY_VERSION_STRING}, NCCL ${ELM_NCCL}")
    message(STATUS "  Eigen ${Eigen3_VERSION}, Boost ${Boost_VERSION}, HDF5 ${HDF5_VERSION}, "
                   "zlib ${ZLIB_VERSION_STRING}, libpng ${PNG_VERSION_STRING}, "
                   "fmt ${fmt_VERSION}, spdlog ${spdlog_VERSION}, "
                   "nlohmann_json ${nlohmann_json_VERSION}, toml++ ${tomlplusplus_VERSION}, sndfile '${ELM_SNDFILE_VERSION}', "
                   "Thrust ${ELM_THRUST}")
endfunction()
