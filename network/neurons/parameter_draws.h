#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "network/description/network_description.h"
#include "network/neurons/neuron_model.h"

namespace elm::network {

/// Parameters and initial states of the neurons of a population; those of a neuron are the same
/// whoever asks for them. The description must outlive it.
class ParameterDraws {
public:
    ParameterDraws(const NetworkDescription& network, std::size_t population);

    const NeuronModel& model() const { return *model_; }
    /// All neurons have the same parameters.
    bool uniform() const { return uniform_; }
    /// Parameters of a neuron, in the order of the model. Throws Error{invalid} naming it if they
    /// do not go together.
    std::vector<double> of(std::int64_t neuron) const;
    /// A state before the first step; `otherwise` where the description does not say it.
    double initial(const std::string& state, std::int64_t neuron, double otherwise) const;

private:
    struct Quantity {
        std::string name;
        std::size_t index;
        Draw draw;
        RandomKey key;
        double operator()(std::int64_t neuron) const {
            return draw(random_word(key, neuron), neuron);
        }
    };

    const Population* population_;
    const NeuronModel* model_;
    std::vector<double> defaults_;
    std::vector<Quantity> parameters_, states_;
    bool uniform_ = true;
};

}  // namespace elm::network
