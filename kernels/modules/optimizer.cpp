#include "kernels/modules/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::pair<std::string_view, OptimizerRule> rules[] = {
    {"sgd", OptimizerRule::sgd},
    {"adam", OptimizerRule::adam},
    {"adamw", OptimizerRule::adamw},
    {"adamax", OptimizerRule::adamax},
};

std::int64_t chunk_count(std::int64_t elements) {
    constexpr std::int64_t chunk = SumOfSquaresArgs<float>::chunk;
    return (elements + chunk - 1) / chunk;
}

/// Index and value of the first element that is not finite; -1 if all are.
std::pair<std::int64_t, double> first_not_finite(const Tensor& tensor) {
    Stream cpu{Device{}};
    const Tensor copy = tensor.to(cpu);
    return visit_real(copy.dtype(), [&]<class Real>(Real) -> std::pair<std::int64_t, double> {
        const auto values = copy.host<Real>();
        const auto found = std::find_if(values.begin(), values.end(),
                                        [](Real value) { return !std::isfinite(value); });
        if (found == values.end()) return {-1, 0};
        return {found - values.begin(), static_cast<double>(*found)};
    });
}

}  // namespace

std::string_view name_of(OptimizerRule rule) noexcept {
    for (const auto& [name, known] : rules) {
        if (known == rule) return name;
    }
    return "?";
}

void OptimizerSettings::check() const {
    const auto require = [](std::string_view name, double value, double lowest, double below) {
        ELM_CHECK(value >= lowest && value < below, "{} must be at least {} and below {} (got {})",
                  name, lowest, below, value);
    };
    const double any = std::numeric_limits<double>::infinity();
    require("momentum", momentum, 0, 1);
    require("beta1", beta1, 0, 1);
    require("beta2", beta2, 0, 1);
    require("epsilon", epsilon, 0, any);
    require("weight_decay", weight_decay, 0, any);
    require("clip_norm", clip_norm, 0, any);
    require("average_decay", average_decay, 0, 1);
    ELM_CHECK(!nesterov || momentum > 0, "nesterov needs a momentum above 0");
}

Optimizer::Optimizer(Stream& stream, Module& module, const FlatParameters& parameters,
                     OptimizerSettings settings)
    : module_(module), parameters_(parameters), settings_(std::move(settings)) {
    settings_.check();
    const Shape& shape = parameters.values.shape();
    const DType dtype = parameters.values.dtype();
    const bool two_moments = settings_.rule != OptimizerRule::sgd;
    first_moment_ = Tensor::zeros(stream, shape, dtype);
    second_moment_ = Tensor::zeros(stream, {two_moments ? shape[0] : 0}, dtype);
    weight_decay_ = Tensor::zeros(stream, shape, dtype);
    sums_ = Tensor::empty(stream, {chunk_count(shape[0])}, DType::f64);
    for (const NamedParameter& named : module.parameters()) {
        const ModuleParameter& parameter = *named.parameter;
        if (!parameter.trainable || parameter.shape.size() == 0) continue;
        initialise::constant(weight_decay_of(named))(
            stream, window(parameters_, parameter, weight_decay_), {});
    }
    if (settings_.average_decay > 0) average_ = parameters.values.to(stream);
}

double Optimizer::weight_decay_of(const NamedParameter& parameter) const {
    if (!parameter.parameter->is_weight && !settings_.decay_offsets) return 0;
    for (const DecayGroup& group : settings_.decay_groups) {
        if (parameter.name.ends_with(group.ending)) return group.factor * settings_.weight_decay;
    }
    return settings_.weight_decay;
}

void Optimizer::step(Stream& stream, double learning_rate, std::int64_t passes) {
    ELM_CHECK(passes > 0, "an optimiser step needs at least one backward pass (got {})", passes);
    for (const auto& [name, parameter] : module_.parameters()) {
        if (!parameter->trainable) parameter->gradient.clear(stream);
    }
    const double share = 1.0 / static_cast<double>(passes);
    gradient_norm_ = share * norm_of_gradients(stream);
    if (!std::isfinite(gradient_norm_)) throw_not_finite(gradient_norm_);
    const bool clip = settings_.clip_norm > 0 && gradient_norm_ > settings_.clip_norm;
    move(stream, learning_rate, clip ? share * settings_.clip_norm / gradient_norm_ : share);
    clear_gradients(stream, parameters_);
}

double Optimizer::norm_of_gradients(Stream& stream) const {
    visit_real(parameters_.gradients.dtype(), [&]<class Real>(Real) {
        sum_of_squares_kernel<Real>(
            stream, {view<const Real, 1>(parameters_.gradients), view<double, 1>(sums_)});
    });
    Stream cpu{Device{}};
    stream.synchronize();
    const Tensor sums = sums_.to(cpu);
    double sum = 0;
    for (const double part : sums.host<double>()) sum += part;
    return std::sqrt(sum);
}

void Optimizer::throw_not_finite(double norm) const {
    for (const auto& [name, parameter] : module_.parameters()) {
        const auto [index, value] = first_not_finite(parameter->gradient);
        if (index < 0) continue;
        throw Error(ErrorKind::numeric,
                    fmt::format("step {}: the gradient of {} is not finite (element {} is {}). "
                                "Lower the learning rate, or set clip_norm.",
                                step_count_, name, index, value));
    }
    throw Error(ErrorKind::numeric,
                fmt::format("step {}: the norm of the gradient is {}", step_count_, norm));
}

void Optimizer::move(Stream& stream, double learning_rate, double gradient_scale) {
    ++step_count_;
    const bool sgd = settings_.rule == OptimizerRule::sgd;
    const double first_decay = sgd ? settings_.momentum : settings_.beta1;
    const auto steps = static_cast<double>(step_count_);
    visit_real(parameters_.values.dtype(), [&]<class Real>(Real) {
        optimizer_step_kernel<Real>(
            stream, {.rule = settings_.rule,
                     .nesterov = settings_.nesterov,
                     .gradient_scale = Real(gradient_scale),
                     .rate = Real(learning_rate),
                     .first_decay = Real(first_decay),
                     .first_gain = Real(sgd ? 1 : 1 - first_decay),
                     .second_decay = Real(settings_.beta2),
                     .second_gain = Real(1 - settings_.beta2),
                     .epsilon = Real(settings_.epsilon),
                     .rate_corrected = Real(learning_rate / (1 - std::pow(first_decay, steps))),
                     .root_correction = Real(1 / std::sqrt(1 - std::pow(settings_.beta2, steps))),
                     .gradients = view<const Real, 1>(parameters_.gradients),
                     .weight_decay = view<const Real, 1>(weight_decay_),
                     .values = view<Real, 1>(parameters_.values),
                     .first_moment = view<Real, 1>(first_moment_),
                     .second_moment = view<Real, 1>(second_moment_)});
        if (average_.defined()) {
            moving_average_kernel<Real>(
                stream, {Real(1 - settings_.average_decay), view<const Real, 1>(parameters_.values),
                         view<Real, 1>(average_)});
        }
    });
}

void Optimizer::exchange_average(Stream& stream) {
    ELM_CHECK(average_.defined(), "no average of the weights is kept: set average_decay above 0");
    visit_real(average_.dtype(), [&]<class Real>(Real) {
        exchange_kernel<Real>(stream, {view<Real, 1>(parameters_.values), view<Real, 1>(average_)});
    });
}

std::vector<OptimizerRow> Optimizer::rows() const {
    std::vector<OptimizerRow> rows{{"first_moment", first_moment_}};
    if (settings_.rule != OptimizerRule::sgd) rows.push_back({"second_moment", second_moment_});
    if (average_.defined()) rows.push_back({"average", average_});
    return rows;
}

void Optimizer::resume_at(std::int64_t step_count) {
    ELM_CHECK(step_count >= 0, "an optimiser cannot resume at step {}", step_count);
    step_count_ = step_count;
}

void declare_optimizer(OptionSet& options) {
    const OptimizerSettings usual;
    std::vector<std::string> names;
    for (const auto& [name, rule] : rules) names.emplace_back(name);
    options.declare({.name = "optimizer",
                     .value = std::string(name_of(usual.rule)),
                     .help = "how parameters follow their gradients",
                     .choices = names});
    options.declare({.name = "nesterov",
                     .value = usual.nesterov,
                     .help = "sgd: look ahead along the momentum"});
    options.declare({.name = "decay_offsets",
                     .value = usual.decay_offsets,
                     .help = "weight decay of biases, gains of norms and time constants, too"});
    options.declare({.name = "no_decay",
                     .value = std::string(),
                     .help = "endings of the names of parameters without weight decay, separated "
                             "by commas"});
    const std::tuple<const char*, double, const char*> numbers[] = {
        {"momentum", usual.momentum, "sgd: part of the last movement that is kept"},
        {"beta1", usual.beta1, "adam, adamw, adamax: decay of the mean of the gradient"},
        {"beta2", usual.beta2, "adam, adamw, adamax: decay of the mean of its size"},
        {"epsilon", usual.epsilon, "adam, adamw, adamax: added to the size of the gradient"},
        {"weight_decay", usual.weight_decay, "pull of the weights to 0"},
        {"clip_norm", usual.clip_norm, "largest norm of all gradients together; 0: no limit"},
        {"average_decay", usual.average_decay, "decay of the average of the weights; 0: none"},
    };
    for (const auto& [name, value, help] : numbers) {
        options.declare({.name = name, .value = value, .help = help, .lowest = 0});
    }
}

OptimizerSettings optimizer_settings_of(const OptionSet& options) {
    OptimizerSettings settings;
    for (const auto& [name, rule] : rules) {
        if (name == options.get<std::string>("optimizer")) settings.rule = rule;
    }
    settings.nesterov = options.get<bool>("nesterov");
    settings.decay_offsets = options.get<bool>("decay_offsets");
    settings.momentum = options.get<double>("momentum");
    settings.beta1 = options.get<double>("beta1");
    settings.beta2 = options.get<double>("beta2");
    settings.epsilon = options.get<double>("epsilon");
    settings.weight_decay = options.get<double>("weight_decay");
    settings.clip_norm = options.get<double>("clip_norm");
    settings.average_decay = options.get<double>("average_decay");
    const std::string& endings = options.get<std::string>("no_decay");
    for (std::size_t begin = 0; begin < endings.size();) {
        const std::size_t end = std::min(endings.find(',', begin), endings.size());
        if (end > begin) settings.decay_groups.push_back({endings.substr(begin, end - begin), 0});
        begin = end + 1;
    }
    settings.check();
    return settings;
}

}  // namespace elm
