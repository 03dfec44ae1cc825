cmake_minimum_required(VERSION 3.25)

# Kernels include device.cuh alone and launch through launch_kernel, so that the same file compiles for
# a device and for the emulation (kernels/core/cuda/README.md). This test greps for what breaks that.
#
#   cmake -DROOT=repository -P kernel_rules_test.cmake

set(rooms kernels neuron network encoders)
set(wrappers "^kernels/core/cuda/")  # the only place where the toolkit may be named

# Pattern and reason, in turn. A name must not be part of a longer one.
set(rules
    "#[ ]*include[ ]*[<\"](cuda|cub/|cuda/|cooperative_groups|mma\\.h|nv/|sm_)" "a toolkit header: include kernels/core/cuda/device.cuh"
    "(^|[^A-Za-z0-9_])asm([^A-Za-z0-9_]|$)"        "inline assembly: put it into a wrapper of kernels/core/cuda"
    "(^|[^A-Za-z0-9_])__asm(__)?([^A-Za-z0-9_]|$)" "inline assembly: put it into a wrapper of kernels/core/cuda"
    "__CUDA_ARCH__"                                "code by architecture: put it into a wrapper of kernels/core/cuda"
    "(^|[^A-Za-z0-9_])cub::"                       "CUB: put it into a wrapper of kernels/core/cuda"
    "cooperative_groups::"                         "cooperative groups: use kernels/core/cuda/cooperative.cuh"
    "(^|[^A-Za-z0-9_])__shared__([^A-Za-z0-9_]|$)" "raw shared memory: use block_shared or dynamic_shared"
    "<<<"                                          "a raw launch: use launch_kernel")

# Blanks out comments, keeping the line numbers. Semicolons and brackets would upset CMake's lists.
function(read_code path result)
    file(READ ${path} text)
    string(REPLACE ";" "," text "${text}")
    string(REPLACE "[" "(" text "${text}")
    string(REPLACE "]" ")" text "${text}")
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    set(code "")
    while(TRUE)
        string(FIND "${text}" "/*" start)
        if(start EQUAL -1)
            break()
        endif()
        string(SUBSTRING "${text}" 0 ${start} before)
        string(SUBSTRING "${text}" ${start} -1 text)
        string(FIND "${text}" "*/" stop)
        if(stop EQUAL -1)
            set(stop 0)
        endif()
        math(EXPR stop "${stop} + 2")
        string(SUBSTRING "${text}" 0 ${stop} comment)
        string(SUBSTRING "${text}" ${stop} -1 text)
        string(REGEX REPLACE "[^\n]" "" newlines "${comment}")
        string(APPEND code "${before}${newlines}")
    endwhile()
    set(${result} "${code}${text}" PARENT_SCOPE)
endfunction()

set(breaches 0)
set(checked 0)
foreach(room IN LISTS rooms)
    file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${room}/*.cu ${ROOT}/${room}/*.cuh)
    foreach(file IN LISTS files)
        if(file MATCHES "${wrappers}")
            continue()
        endif()
        math(EXPR checked "${checked} + 1")
        read_code(${ROOT}/${file} code)
        string(REPLACE "\n" ";" lines "${code}")
        set(number 0)
        foreach(line IN LISTS lines)
            math(EXPR number "${number} + 1")
            set(remaining ${rules})
            while(remaining)
                list(POP_FRONT remaining pattern reason)
                if(line MATCHES "${pattern}")
                    message(STATUS "${file}:${number}: ${reason}")
                    math(EXPR breaches "${breaches} + 1")
                endif()
            endwhile()
        endforeach()
    endforeach()
endforeach()

message(STATUS "${checked} files, ${breaches} breaches")
if(breaches GREATER 0)
    message(FATAL_ERROR "kernels break the rules of the device emulation")
endif()
