#include "tasks/arena/sets/sample_embedding.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <Eigen/Dense>

#include "kernels/core/random/normal_number.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

constexpr std::int64_t most_groups = 32, n_lags = 8, n_bands = 16, n_kernels = 32, kernel_steps = 9,
                       n_components = 32;

/// One sequence as groups of channels in time.
struct ChannelGroups {
    std::int64_t steps = 0, groups = 1;
    std::vector<double> values = {};  // (steps, groups)

    double& at(std::int64_t step, std::int64_t group) {
        return values[static_cast<std::size_t>(step * groups + group)];
    }
    double at(std::int64_t step, std::int64_t group) const {
        return values[static_cast<std::size_t>(step * groups + group)];
    }
};

ChannelGroups groups_of(const TaskSpec& spec, const Batch& batch, std::int64_t sequence) {
    const std::int64_t width = spec.shape.n_input;
    ChannelGroups all{.groups = std::min(width, most_groups)};
    const auto full = spec.input == InputKind::spikes  ? batch.spikes.n_steps
                      : spec.input == InputKind::dense ? batch.dense.shape()[1]
                                                       : batch.tokens.shape()[1];
    all.steps = batch.lengths.defined()
                    ? batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(sequence)]
                    : full;
    all.values.assign(static_cast<std::size_t>(all.steps * all.groups), 0);
    for (std::int64_t step = 0; step < all.steps; ++step) {
        if (spec.input == InputKind::spikes) {
            for (const std::int32_t unit : batch.spikes.row(sequence, step)) {
                all.at(step, unit * all.groups / width) += 1;
            }
        } else if (spec.input == InputKind::tokens) {
            const std::int32_t token =
                batch.tokens.host<std::int32_t>()[static_cast<std::size_t>(sequence * full + step)];
            all.at(step, token % all.groups) += 1;
        } else {
            visit_real(batch.dense.dtype(), [&]<class Real>(Real) {
                const Real* const row =
                    batch.dense.host<Real>().data() + (sequence * full + step) * width;
                for (std::int64_t c = 0; c < width; ++c) {
                    all.at(step, c * all.groups / width) += static_cast<double>(row[c]);
                }
            });
        }
    }
    return all;
}

/// Number `index` of a fixed stream of standard normal numbers.
double normal(std::string_view purpose, std::int64_t index) {
    const RandomKey key = RandomKey{}.for_purpose(purpose);
    const double first = unit_uniform<double>(random_word(key, 2 * index)) + 0x1p-33,
                 second = unit_uniform<double>(random_word(key, 2 * index + 1));
    return normal_number(first, second);
}

void add_moments(const ChannelGroups& x, std::vector<double>& features) {
    for (std::int64_t g = 0; g < x.groups; ++g) {
        double sum = 0, squares = 0;
        for (std::int64_t t = 0; t < x.steps; ++t) {
            sum += x.at(t, g);
            squares += x.at(t, g) * x.at(t, g);
        }
        const auto n = static_cast<double>(std::max<std::int64_t>(1, x.steps));
        features.push_back(sum / n);
        features.push_back(std::sqrt(std::max(0.0, squares / n - sum / n * sum / n)));
    }
}

void add_time_structure(const ChannelGroups& x, std::vector<double>& features) {
    std::vector<double> signal(static_cast<std::size_t>(x.steps), 0), mixture;
    for (std::int64_t g = 0; g < x.groups; ++g) mixture.push_back(normal("mixture", g));
    double mean = 0;
    for (std::int64_t t = 0; t < x.steps; ++t) {
        for (std::int64_t g = 0; g < x.groups; ++g) {
            signal[static_cast<std::size_t>(t)] +=
                mixture[static_cast<std::size_t>(g)] * x.at(t, g);
        }
        mean += signal[static_cast<std::size_t>(t)];
    }
    mean /= static_cast<double>(std::max<std::int64_t>(1, x.steps));
    double power = 0;
    for (double& one : signal) {
        one -= mean;
        power += one * one;
    }
    const double scale = power > 0 ? 1 / power : 0;
    for (std::size_t lag = 1; lag <= n_lags; ++lag) {
        double sum = 0;
        for (std::size_t t = lag; t < signal.size(); ++t) sum += signal[t] * signal[t - lag];
        features.push_back(sum * scale);
    }
    for (std::int64_t band = 1; band <= n_bands; ++band) {
        const double turn =
            std::numbers::pi * static_cast<double>(band) / static_cast<double>(n_bands);
        double real = 0, imaginary = 0;
        for (std::size_t t = 0; t < signal.size(); ++t) {
            real += signal[t] * std::cos(turn * static_cast<double>(t));
            imaginary += signal[t] * std::sin(turn * static_cast<double>(t));
        }
        features.push_back((real * real + imaginary * imaginary) * scale);
    }
    features.push_back(static_cast<double>(x.steps));
}

/// Weights of all kernels: (kernel, step, group).
std::vector<double> kernel_weights(std::int64_t groups) {
    std::vector<double> weights;
    for (std::int64_t k = 0; k < n_kernels * kernel_steps * groups; ++k) {
        weights.push_back(normal("kernels", k));
    }
    return weights;
}

void add_convolutions(const ChannelGroups& x, const std::vector<double>& weights,
                      std::vector<double>& features) {
    for (std::int64_t k = 0; k < n_kernels; ++k) {
        // Reaches of 1, 2, 4, ... steps between the taps, as far as the sample goes.
        std::int64_t reach = std::int64_t{1} << (k % 6);
        while (reach > 1 && reach * (kernel_steps - 1) >= x.steps) reach /= 2;
        double largest = 0, positive = 0;
        for (std::int64_t t = 0; t < x.steps; ++t) {
            double sum = 0;
            for (std::int64_t tap = 0; tap < kernel_steps && t - tap * reach >= 0; ++tap) {
                const double* const own = weights.data() + (k * kernel_steps + tap) * x.groups;
                for (std::int64_t g = 0; g < x.groups; ++g)
                    sum += own[g] * x.at(t - tap * reach, g);
            }
            largest = t == 0 ? sum : std::max(largest, sum);
            positive += sum > 0 ? 1 : 0;
        }
        features.push_back(largest);
        features.push_back(positive / static_cast<double>(std::max<std::int64_t>(1, x.steps)));
    }
}

std::vector<double> features_of(const ChannelGroups& x, const std::vector<double>& weights) {
    std::vector<double> features;
    add_moments(x, features);
    add_time_structure(x, features);
    add_convolutions(x, weights, features);
    return features;
}

PointSet all_features(const ArenaPool& pool, const SampleNumbers& samples) {
    const TaskSpec& spec = pool.spec();
    const std::unique_ptr<Task> task =
        pool.task_of({.train = samples, .validation = samples, .test = samples});
    const std::vector<double> weights = kernel_weights(std::min(spec.shape.n_input, most_groups));
    constexpr std::int64_t at_once = 64;
    const std::int64_t total = std::ssize(samples), of_sample = sequences_per_sample(spec);
    std::vector<std::vector<double>> rows(samples.size());
    Cpu::for_each_task((total + at_once - 1) / at_once, [&](std::int64_t piece) {
        const std::int64_t first = piece * at_once, count = std::min(at_once, total - first);
        Batch batch;
        task->fill({.split = Split::test, .size = total, .first = first, .count = count}, batch);
        for (std::int64_t k = 0; k < count; ++k) {
            std::vector<double>& row = rows[static_cast<std::size_t>(first + k)];
            for (std::int64_t s = 0; s < of_sample; ++s) {
                const std::vector<double> own =
                    features_of(groups_of(spec, batch, k * of_sample + s), weights);
                row.resize(own.size(), 0);
                for (std::size_t f = 0; f < own.size(); ++f) {
                    row[f] += own[f] / static_cast<double>(of_sample);
                }
            }
        }
    });
    PointSet features{.dimensions = rows.empty() ? 1 : std::ssize(rows.front())};
    for (const auto& row : rows) {
        features.values.insert(features.values.end(), row.begin(), row.end());
    }
    return features;
}

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

SampleEmbedding::SampleEmbedding(const ArenaPool& pool, const SampleNumbers& samples)
    : pool_(pool) {
    ELM_CHECK(!samples.empty(), "there are no samples to take principal components of.");
    const PointSet features = all_features(pool, samples);
    const Eigen::Map<const Matrix> all(features.values.data(), features.count(),
                                       features.dimensions);
    const Eigen::RowVectorXd mean = all.colwise().mean();
    const Matrix centred = all.rowwise() - mean;
    Eigen::RowVectorXd deviation =
        (centred.colwise().squaredNorm() / static_cast<double>(features.count())).cwiseSqrt();
    constexpr double least = 1e-9;  // a feature that does not vary says nothing
    for (double& one : deviation) one = one < least ? 0 : 1 / one;
    const Matrix standard = centred * deviation.asDiagonal();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
        standard.transpose() * standard / static_cast<double>(features.count()));
    mean_.assign(mean.begin(), mean.end());
    deviation_.assign(deviation.begin(), deviation.end());
    const std::int64_t kept = std::min(n_components, features.dimensions);
    components_.dimensions = features.dimensions;
    for (std::int64_t k = 0; k < kept; ++k) {  // eigenvalues rise
        const Eigen::VectorXd axis = solver.eigenvectors().col(features.dimensions - 1 - k);
        components_.values.insert(components_.values.end(), axis.begin(), axis.end());
    }
}

PointSet SampleEmbedding::project(const PointSet& features) const {
    PointSet points{.dimensions = components_.count()};
    for (std::int64_t i = 0; i < features.count(); ++i) {
        for (std::int64_t c = 0; c < components_.count(); ++c) {
            double sum = 0;
            for (std::int64_t f = 0; f < features.dimensions; ++f) {
                const auto at = static_cast<std::size_t>(f);
                sum += components_.at(c)[f] * (features.at(i)[f] - mean_[at]) * deviation_[at];
            }
            points.values.push_back(sum);
        }
    }
    return points;
}

PointSet SampleEmbedding::of(const SampleNumbers& samples) const {
    if (samples.empty()) return {.dimensions = components_.count()};
    return project(all_features(pool_, samples));
}

}  // namespace elm
