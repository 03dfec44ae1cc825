cmake_minimum_required(VERSION 3.25)

# Runs a program and matches what it prints.
#
#   cmake -DPROGRAM=path -DCASE=name -DSOURCES=directory -DFOUND="a|b" -DABSENT="c|d" -P this
#
# FOUND lists texts the output must hold, ABSENT texts it must not hold, separated by "|". A text
# "@file.cu mark" stands for "file.cu:N", N being the line with the comment "mark: mark".

execute_process(COMMAND ${PROGRAM} ${CASE} OUTPUT_VARIABLE output ERROR_VARIABLE output)

function(place_of_mark text result)
    string(REGEX MATCH "^@([^ ]+) (.+)$" matched "${text}")
    if(NOT matched)
        set(${result} "${text}" PARENT_SCOPE)
        return()
    endif()
    set(file ${CMAKE_MATCH_1})
    set(mark "mark: ${CMAKE_MATCH_2}")
    file(READ ${SOURCES}/${file} content)
    string(FIND "${content}" "${mark}\n" position)
    if(position EQUAL -1)
        message(FATAL_ERROR "no \"${mark}\" in ${file}")
    endif()
    string(SUBSTRING "${content}" 0 ${position} before)
    string(REGEX REPLACE "[^\n]" "" newlines "${before}")
    string(LENGTH "${newlines}" line)
    math(EXPR line "${line} + 1")
    set(${result} "${file}:${line}" PARENT_SCOPE)
endfunction()

string(REPLACE "|" ";" FOUND "${FOUND}")
string(REPLACE "|" ";" ABSENT "${ABSENT}")
foreach(text IN LISTS FOUND)
    place_of_mark("${text}" wanted)
    string(FIND "${output}" "${wanted}" position)
    if(position EQUAL -1)
        message(FATAL_ERROR "missing: ${wanted}\n${output}")
    endif()
endforeach()
foreach(text IN LISTS ABSENT)
    string(FIND "${output}" "${text}" position)
    if(NOT position EQUAL -1)
        message(FATAL_ERROR "unexpected: ${text}\n${output}")
    endif()
endforeach()
