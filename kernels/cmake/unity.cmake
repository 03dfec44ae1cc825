set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cmake/unity_groups.awk)

# Several sources of a target compiled as one (ELM_UNITY of them at most): two thirds of an object's time
# go into headers that its neighbours include too.
function(elm_unite_sources target)
    get_target_property(sources ${target} SOURCES)
    get_target_property(folder ${target} SOURCE_DIR)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    list(TRANSFORM sources PREPEND "${folder}/" REGEX "^[^/]")
    execute_process(COMMAND awk -v most=${ELM_UNITY} -f ${CMAKE_SOURCE_DIR}/kernels/cmake/unity_groups.awk ${sources}
                    OUTPUT_VARIABLE groups COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[0-9]+" groups "${groups}")
    foreach(source group IN ZIP_LISTS sources groups)
        # A source of two targets has one group for both: it stays alone.
        get_source_file_property(known ${source} TARGET_DIRECTORY ${target} UNITY_GROUP)
        if(known)
            set_source_files_properties(${source} TARGET_DIRECTORY ${target}
                                        PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
        endif()
        set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${group})
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# Every library and program of more than one source below a folder.
function(elm_unite_folder folder)
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        get_target_property(type ${target} TYPE)
        get_target_property(sources ${target} SOURCES)
        if(type MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$" AND sources MATCHES "\\.cpp;.*\\.cpp")
            elm_unite_sources(${target})
        endif()
    endforeach()
    get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
    foreach(below IN LISTS folders)
        elm_unite_folder(${below})
    endforeach()
endfunction()
