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
            target_compile_options(elm_options INTERFACE
                $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=undefined>)
        endif()
    endforeach()
endif()

# elm_add_library(NAME SOURCES ... [HEADERS ...] [CUDA_SOURCES ...] [CUDA_HEADERS ...])
# HEADERS are compiled alone by the target all_verify_interface_header_sets. CUDA_SOURCES are
# compiled by nvcc, or by the host compiler for the emulation, or not at all.
function(elm_add_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;CUDA_SOURCES")
    add_library(${name} STATIC ${arg_SOURCES})
    if(arg_HEADERS)
        target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}
                                      FILES ${arg_HEADERS})
        set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    endif()
    target_link_libraries(${name} PUBLIC elm_options)
    if(arg_CUDA_SOURCES AND NOT ELM_CUDA_STATE STREQUAL "absent")
        target_sources(${name} PRIVATE ${arg_CUDA_SOURCES})
        elm_mark_cuda_sources(${arg_CUDA_SOURCES})
    endif()
endfunction()

# In the emulation a .cu file is C++, and its results must not depend on fused multiply-add.
function(elm_mark_cuda_sources)
    if(ELM_CUDA_STATE STREQUAL "emulated")
        set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX
            COMPILE_OPTIONS "-Wno-unknown-pragmas;-ffp-contract=off")
    endif()
endfunction()

# Reads the names in a registry list (ELM_ENTRY(name) a line); editing the list re-configures.
function(elm_read_registry file out)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(STRINGS "${file}" entries REGEX "^ELM_ENTRY\\(")
    list(TRANSFORM entries REPLACE "^ELM_ENTRY\\(([a-z0-9_]+)\\).*" "\\1")
    set(${out} "${entries}" PARENT_SCOPE)
endfunction()
