#include "neuron/cable/solver/cable_batch.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/simd/denormals_are_zero.h"
#include "neuron/cable/solver/cable_lanes.h"

namespace elm::cable {

BatchPlan::BatchPlan(const CablePlan& plan, const std::vector<Trial>& trials)
    : densities(plan.densities.begin(), plan.densities.end()), tables(make_rate_tables(plan)) {
    for (const SegmentKind& kind : plan.kinds) {
        BatchKind to{};
        to.first_channel = static_cast<std::int32_t>(channels.size());
        to.channels = static_cast<std::int32_t>(kind.channels.size());
        to.calcium = kind.calcium;
        to.synapses = kind.synapses;
        to.states = kind.state_count();
        for (const int index : kind.channels) {
            const Channel& from = all_channels()[static_cast<std::size_t>(index)];
            BatchChannel channel{};
            channel.gates = static_cast<std::int16_t>(from.gates.size());
            channel.ion = static_cast<std::int16_t>(from.ion);
            channel.calcium_gated = from.calcium_gated;
            channel.reversal_mV = static_cast<float>(from.reversal_mV);
            for (std::size_t g = 0; g < from.gates.size(); ++g) {
                channel.power[g] = static_cast<std::int16_t>(from.gates[g].power);
                channel.table[g] = tables.gates[static_cast<std::size_t>(index)][g];
            }
            to.calcium_channels += from.ion == Ion::calcium;
            channels.push_back(channel);
        }
        kinds.push_back(to);
    }
    for (const Trial& trial : trials) {
        for (const CurrentClamp& clamp : trial.clamps) clamped_segments.push_back(clamp.segment);
    }
    std::sort(clamped_segments.begin(), clamped_segments.end());
    clamped_segments.erase(std::unique(clamped_segments.begin(), clamped_segments.end()),
                           clamped_segments.end());
    site_states.resize(plan.cell->site_segments.size());
    std::vector<bool> has_child(plan.nodes.size());
    nodes.resize(plan.nodes.size());
    for (std::size_t i = plan.nodes.size(); i-- > 0;) {
        const PlanNode& from = plan.nodes[i];
        BatchNode& to = nodes[i];
        to.parent = from.parent;
        to.kind = from.kind;
        to.first_state = from.first_state;
        to.first_density = from.first_density;
        const auto clamp =
            std::lower_bound(clamped_segments.begin(), clamped_segments.end(), from.segment);
        to.clamp = clamp != clamped_segments.end() && *clamp == from.segment
                       ? static_cast<std::int32_t>(clamp - clamped_segments.begin())
                       : -1;
        to.has_children = has_child[i];
        if (from.parent >= 0) {
            to.is_last_child = !has_child[static_cast<std::size_t>(from.parent)];
            has_child[static_cast<std::size_t>(from.parent)] = true;
        }
        to.diagonal = static_cast<float>(plan.capacitance_per_dt * from.capacitance + from.axial);
        to.to_parent = static_cast<float>(from.to_parent);
        to.from_parent = static_cast<float>(from.from_parent);
        to.leak = static_cast<float>(from.leak);
        to.leak_mV = static_cast<float>(from.leak_mV);
        to.sodium_mV = static_cast<float>(from.sodium_mV);
        to.potassium_mV = static_cast<float>(from.potassium_mV);
        to.calcium_relaxation = static_cast<float>(from.calcium_relaxation);
        to.calcium_per_current = static_cast<float>(from.calcium_per_current);
        to.minimal_calcium = static_cast<float>(plan.cell->minimal_calcium_mM);
        to.per_area = static_cast<float>(from.per_area);
        if (from.site >= 0) {
            site_states[static_cast<std::size_t>(from.site)] =
                from.first_state + plan.kinds[static_cast<std::size_t>(from.kind)].synapse_state();
        }
    }
    int k = 0;
    for (const SynapsePlan* synapse : {&plan.ampa, &plan.nmda, &plan.gaba}) {
        synapses.decay[k++] = static_cast<float>(synapse->rise_decay);
        synapses.decay[k++] = static_cast<float>(synapse->decay_decay);
    }
    synapses.ampa_uS = static_cast<float>(plan.ampa.peak_uS);
    synapses.nmda_uS = static_cast<float>(plan.nmda.peak_uS);
    synapses.gaba_uS = static_cast<float>(plan.gaba.peak_uS);
    synapses.excitation_mV = static_cast<float>(plan.ampa.reversal_mV);
    synapses.nmda_mV = static_cast<float>(plan.nmda.reversal_mV);
    synapses.inhibition_mV = static_cast<float>(plan.gaba.reversal_mV);
    voltage_scale = plan.crank_nicolson ? 2.0F : 1.0F;
    dt_ms = plan.dt_ms;
    const auto event_of = [](const SynapsePlan& synapse) {
        return BatchEvent{synapse.factor, synapse.rise_ms, synapse.decay_ms};
    };
    ampa = event_of(plan.ampa);
    nmda = event_of(plan.nmda);
    gaba = event_of(plan.gaba);
}

BatchView BatchPlan::view() const {
    return {nodes.data(),
            static_cast<std::int32_t>(nodes.size()),
            kinds.data(),
            channels.data(),
            densities.data(),
            tables.values.data(),
            tables.magnesium,
            tables.calcium_reversal,
            synapses,
            voltage_scale,
            dt_ms,
            site_states.data(),
            static_cast<std::int32_t>(site_states.size()),
            ampa,
            nmda,
            gaba};
}

namespace {

constexpr int steps_between_checks = 40;

/// Events of one lane, and how far they are delivered.
struct LaneInput {
    std::vector<ScheduledEvent> events;
    std::int64_t next = 0;
};

template <class Lanes>
class Group {
public:
    Group(BatchRun& run, std::size_t first)
        : run_(run),
          view_(run.batch.view()),
          first_(first),
          count_(std::min(run.trials.size() - first, static_cast<std::size_t>(stride))),
          inputs_(count_) {
        const std::vector<double> initial = run.plan.initial_state();
        const std::size_t nodes = run.plan.nodes.size();
        state_.resize(initial.size() * stride);
        for (std::size_t i = 0; i < state_.size(); ++i) {
            state_[i] = static_cast<float>(initial[i / stride]);
        }
        voltage_.assign(nodes * stride, static_cast<float>(run.plan.cell->initial_voltage_mV));
        rest_.resize(nodes * stride);
        delta_.resize(nodes * stride);
        diagonal_.resize(nodes * stride);
        residual_.resize(nodes * stride);
        clamps_.resize(run.batch.clamped_segments.size() * stride);
        for (std::size_t lane = 0; lane < count_; ++lane) {
            inputs_[lane].events = schedule(run.plan, run.trials[first + lane], first + lane);
        }
    }

    std::optional<Divergence> run(const std::function<void()>& tick) {
        const BatchState arrays{state_.data(),    voltage_.data(),  rest_.data(),  delta_.data(),
                                diagonal_.data(), residual_.data(), clamps_.data()};
        const CableStep<Lanes> one{view_, arrays, Lanes{}};
        for (int step = 0; step <= run_.steps; ++step) {
            deliver_events(step);
            set_clamps(step);
            if (step == 0) {
                one.template eliminate<false>();
            } else {
                one.template eliminate<true>();
            }
            record(step);
            if (step == run_.steps) break;
            one.substitute();
            if (step % steps_between_checks == 0 || step + 1 == run_.steps) {
                if (const auto found = find_divergence(step + 1)) return found;
                run_.trial_steps_done += static_cast<std::int64_t>(count_) * steps_between_checks;
                tick();
                if (run_.stopped) return std::nullopt;
            }
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t stride = Lanes::stride;

    void deliver_events(int step) {
        for (std::size_t lane = 0; lane < count_; ++lane) {
            LaneInput& input = inputs_[lane];
            deliver(view_, input.events.data(), static_cast<std::int64_t>(input.events.size()),
                    input.next, step, state_.data() + lane, static_cast<std::int64_t>(stride));
        }
    }

    void set_clamps(int step) {
        if (clamps_.empty()) return;
        std::fill(clamps_.begin(), clamps_.end(), 0.0F);
        const auto& segments = run_.batch.clamped_segments;
        const double middle = (step + 0.5) * run_.plan.dt_ms;
        for (std::size_t lane = 0; lane < count_; ++lane) {
            for (const CurrentClamp& clamp : run_.trials[first_ + lane].clamps) {
                const auto row = static_cast<std::size_t>(
                    std::lower_bound(segments.begin(), segments.end(), clamp.segment) -
                    segments.begin());
                const PlanNode& node = node_of(clamp.segment);
                clamps_[row * stride + lane] +=
                    static_cast<float>(clamp.at(middle) * node.per_area);
            }
        }
    }

    void record(int step) {
        for (std::size_t p = 0; p < run_.probes.size(); ++p) {
            const Probe& probe = run_.probes[p];
            if (step % probe.every_steps != 0) continue;
            const auto node = static_cast<std::size_t>(
                run_.plan.segment_nodes[static_cast<std::size_t>(probe.segment)]);
            for (std::size_t lane = 0; lane < count_; ++lane) {
                float value = voltage_[node * stride + lane];
                if (probe.quantity != Quantity::voltage) {
                    value = static_cast<float>(run_.plan.read(
                        probe, run_.probe_channels[p], static_cast<double>(value), [&](int at) {
                            return static_cast<double>(
                                state_[static_cast<std::size_t>(at) * stride + lane]);
                        }));
                }
                run_.recordings.put(first_ + lane, p, value);
            }
        }
        run_.recordings.finish_step(step, first_, count_);
    }

    std::optional<Divergence> find_divergence(int step) const {
        constexpr float limit_mV = 1000;
        for (std::size_t i = 0; i < run_.plan.nodes.size(); ++i) {
            for (std::size_t lane = 0; lane < count_; ++lane) {
                const float v = voltage_[i * stride + lane];
                if (std::abs(v) < limit_mV) continue;
                return Divergence{first_ + lane, step, static_cast<int>(i), static_cast<double>(v)};
            }
        }
        return std::nullopt;
    }

    const PlanNode& node_of(int segment) const {
        return run_.plan.nodes[static_cast<std::size_t>(
            run_.plan.segment_nodes[static_cast<std::size_t>(segment)])];
    }

    BatchRun& run_;
    BatchView view_;
    std::size_t first_, count_;
    std::vector<LaneInput> inputs_;
    lanes::AlignedVector<float> state_, voltage_, rest_, delta_, diagonal_, residual_, clamps_;
};

}  // namespace

int lanes_of_group(std::size_t trials, int threads) {
    const auto per_thread =
        (trials + static_cast<std::size_t>(threads) - 1) / static_cast<std::size_t>(threads);
    const int width = lanes::native<float>;
    return per_thread > static_cast<std::size_t>(width) ? 2 * width : width;
}

std::optional<Divergence> run_group(BatchRun& run, std::size_t first, int lanes,
                                    const std::function<void()>& tick) {
    const DenormalsAreZero mode;  // synaptic states that have died away
    if (lanes == CpuLanes<1>::stride) return Group<CpuLanes<1>>(run, first).run(tick);
    return Group<CpuLanes<2>>(run, first).run(tick);
}

}  // namespace elm::cable
