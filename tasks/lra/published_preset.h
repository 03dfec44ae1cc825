#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "tasks/lra/published_models.h"

/// What the recipes of published models have in common: numbers by task, and sections of TOML.
namespace elm {

inline constexpr std::size_t lra_task_count = 6;

template <class Row>
using ByTask = std::array<Row, lra_task_count>;

template <class Row>
const Row& row_of(const ByTask<Row>& rows, LraTask task) {
    return rows[static_cast<std::size_t>(task)];
}

inline bool has_tokens(LraTask task) { return task <= LraTask::retrieval; }

struct PublishedTraining {
    int batch, updates, warmup;
    double learning_rate, weight_decay;
};

/// The section [training]; `more` stands at its end.
std::string training_section(const PublishedTraining& of, const char* schedule, const char* more);

/// Samples of the published splits, where they are drawn.
std::string published_split(LraTask task, const std::string& section);

/// The preset "paper-MODEL".
Preset published_preset(const std::string& model, const char* source, std::string toml);

}  // namespace elm
