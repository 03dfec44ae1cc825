#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "network/description/network_description.h"

namespace elm::network {

/// What another simulator found for a population: mean over runs, standard deviation between them.
struct ReferenceValue {
    std::string population;
    std::string statistic;  // "rate_hz", "cv_isi", "fano_5ms"
    double mean = 0, deviation = 0;
    int runs = 1;
};

/// A standard network of the field.
struct Benchmark {
    std::string name;
    std::string summary;
    std::string source;  // authors, year, DOI
    /// Throws Error{invalid} for a scale that leaves no neurons.
    NetworkDescription (*make)(double scale) = nullptr;
    int least_intervals = 5;     // of neurons that count for the CV
    std::string reference = {};  // who found the values below, with which settings
    double reference_scale = 1;
    std::vector<ReferenceValue> values = {};
};

const std::vector<Benchmark>& all_benchmarks();
/// Throws Error{invalid} with the nearest name.
const Benchmark& find_benchmark(std::string_view name);

namespace detail {
std::vector<Benchmark> vogels_abbott_benchmarks();
std::vector<Benchmark> brunel_benchmarks();
std::vector<Benchmark> hpc_benchmarks();
std::vector<Benchmark> microcircuit_benchmarks();
/// `count` times scale, the nearest whole number. Throws Error{invalid} if that is less than 1.
std::int64_t scaled_count(double count, double scale);
}  // namespace detail

}  // namespace elm::network
