# How every target of the project is built: one place for warnings, instruction set, sanitizers.

add_library(elm_options INTERFACE)
target_include_directories(elm_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
set(elm_warnings -Wall -Wextra -Wshadow -Wconversion -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 warns of its own AVX-512 headers (gcc.gnu.org, bug 105593), and of strings that are
    # joined (bugs 105329, 105651), on some processors only.
    list(APPEND elm_warnings -Wno-maybe-uninitialized -Wno-uninitialized -Wno-array-bounds
         -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # Whether a loop that may be vectors becomes them depends on the processor and on -O.
    list(APPEND elm_warnings -Wno-pass-failed)
endif()
if(ELM_UNITY)
    # What one file of a group defines is seen by the next, and counts as a header of it.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        list(APPEND elm_warnings -Wno-subobject-linkage -Wno-shadow -Wshadow=local)
    else()
        list(APPEND elm_warnings -Wno-shadow)
    endif()
endif()
if(ELM_WERROR)
    list(APPEND elm_warnings -Werror)
endif()
target_compile_options(elm_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:${elm_warnings};-march=${ELM_ARCH};-fopenmp-simd>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra;--diag-suppress=20012>)
# fmt 9 takes nvcc's front end for one without constexpr.
target_compile_definitions(elm_options INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:FMT_USE_CONSTEXPR=1>)
if(ELM_SANITIZE)
    string(REPLACE "," ";" sanitizers "${ELM_SANITIZE}")
    foreach(sanitizer IN LISTS sanitizers)
        target_compile_options(elm_options INTERFACE
            $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${sanitizer};-fno-omit-frame-pointer>)
        target_link_options(elm_options INTERFACE -fsanitize=${sanitizer})
        if(sanitizer STREQUAL "undefined")
            # Three checks whose faults the address sanitizer finds too double the time to compile.
            target_compile_options(elm_options INTERFACE
                $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=undefined;-fno-sanitize=object-size,pointer-overflow,vptr>)
        endif()
    endforeach()
endif()

# What most files include, compiled once a room. Off, each file must include what it uses.
set(elm_common_headers "")
if(ELM_PRECOMPILE)
    set(elm_common_headers <fmt/format.h> <algorithm> <array> <cmath> <cstdint> <filesystem>
        <functional> <map> <memory> <optional> <span> <string> <string_view> <utility> <vector>)
endif()

# elm_add_library(NAME): a room. Its folders add what they hold by elm_add_sources.
function(elm_add_library name)
    add_library(${name} STATIC)
    target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR})
    set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    target_link_libraries(${name} PUBLIC elm_options)
    target_precompile_headers(${name} PRIVATE ${elm_common_headers})
endfunction()

# elm_add_sources(TARGET NAME ... [PRIVATE_HEADERS file ...]): what this folder has of NAME.h,
# NAME_body.h, NAME.cpp and NAME.cu. Headers are compiled alone by the target
# all_verify_interface_header_sets, but for private ones, which need a library that sources alone
# see. CUDA sources are compiled by nvcc, or by the host compiler for the emulation, or not at all.
function(elm_add_sources target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PRIVATE_HEADERS")
    foreach(name IN LISTS arg_UNPARSED_ARGUMENTS)
        set(found FALSE)
        foreach(ending IN ITEMS .h _body.h .cpp .cu)
            set(file ${CMAKE_CURRENT_SOURCE_DIR}/${name}${ending})
            if(NOT EXISTS ${file})
                continue()
            endif()
            set(found TRUE)
            if(ending STREQUAL ".cu")
                elm_add_cuda_source(${target} ${file})
            elseif(ending STREQUAL ".cpp" OR "${name}${ending}" IN_LIST arg_PRIVATE_HEADERS)
                target_sources(${target} PRIVATE ${file})
            else()
                target_sources(${target} PUBLIC FILE_SET HEADERS FILES ${file})
            endif()
        endforeach()
        if(NOT found)
            message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/CMakeLists.txt: there is no ${name}.h, "
                                "${name}_body.h, ${name}.cpp or ${name}.cu")
        endif()
    endforeach()
endfunction()

# In the emulation a .cu file is C++, and its results must not depend on fused multiply-add.
function(elm_add_cuda_source target file)
    if(ELM_CUDA_STATE STREQUAL "absent")
        return()
    endif()
    target_sources(${target} PRIVATE ${file})
    if(ELM_CUDA_STATE STREQUAL "emulated")
        set_source_files_properties(${file} TARGET_DIRECTORY ${target} PROPERTIES LANGUAGE CXX)
        elm_compile_options(${target} ${file} OPTIONS -Wno-unknown-pragmas -ffp-contract=off)
    endif()
endfunction()

# elm_compile_options(TARGET file ... OPTIONS ...): options of single files of this folder, which take
# no headers that were compiled with others.
function(elm_compile_options target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "OPTIONS")
    set_property(SOURCE ${arg_UNPARSED_ARGUMENTS} TARGET_DIRECTORY ${target}
                 APPEND PROPERTY COMPILE_OPTIONS ${arg_OPTIONS})
    set_property(SOURCE ${arg_UNPARSED_ARGUMENTS} TARGET_DIRECTORY ${target}
                 PROPERTY SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# elm_refuse_spills(TARGET file.cu ...): a spill in a kernel that holds its state in registers is
# reported, and an error where warnings are. Element-wise ones in float64 may spill a few bytes.
function(elm_refuse_spills target)
    if(ELM_CUDA_STATE STREQUAL "nvcc")
        elm_compile_options(${target} ${ARGN} OPTIONS
                            "-Xptxas=-warn-spills$<$<BOOL:${ELM_WERROR}>:,-Werror>")
    endif()
endfunction()

# Reads the names in a registry list (ELM_ENTRY(name) or ELM_KIND(family, name) a line, the latter as
# family/name); editing the list re-configures.
function(elm_read_registry file out)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(STRINGS "${file}" entries REGEX "^ELM_(ENTRY|ENCODER|MIXER|MODEL)\\(")
    list(TRANSFORM entries REPLACE "^[A-Z_]+\\(([a-z0-9_]+)\\).*" "\\1")
    list(TRANSFORM entries REPLACE "^[A-Z_]+\\(([a-z0-9_]+), ([a-z0-9_]+)\\).*" "\\1/\\2")
    set(${out} "${entries}" PARENT_SCOPE)
endfunction()
