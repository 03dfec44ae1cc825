#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "neuron/elm/leaky_integrator.h"
#include "tasks/simulation/plot_data.h"

namespace elm {

class Hdf5File;

/// Reference that can be drawn beside a simulation.
struct PlotReference {
    std::string neuronio_path = {};  // file with the ground truth of the sample, or empty
    bool leaky_integrator = false;   // the exact solution of the built-in model
};

/// Gathers one sample of a simulation for a picture, in memory that does not depend on its length.
class SimulationPlot {
public:
    /// Draws steps [first_step, end_step) of the sample called `sample`.
    SimulationPlot(const FittedModel& model, const std::string& model_name,
                   const std::string& sample, std::int64_t first_step, std::int64_t end_step,
                   const PlotReference& reference);
    ~SimulationPlot();
    SimulationPlot(const SimulationPlot&) = delete;
    SimulationPlot& operator=(const SimulationPlot&) = delete;

    /// The next chunk: its input (one sample) and what the model did with it (sample 0, on the
    /// CPU).
    void add(const SpikeTrain& input, const Tensor& output);

    /// Input raster, spike probability, voltage; or input raster and all outputs.
    Figure figure() const;

private:
    void add_truth(std::int64_t begin, std::int64_t end);

    ModelSpec model_;
    ModelTraits traits_;
    std::string title_, sample_;
    std::int64_t first_step_, end_step_, step_ = 0;
    RasterDecimator raster_;
    std::vector<TraceDecimator> outputs_;
    TraceDecimator truth_voltage_;
    std::vector<double> truth_spikes_s_;
    std::unique_ptr<Hdf5File> truth_;
    std::optional<ExactLeakyIntegrator> exact_;
};

}  // namespace elm
