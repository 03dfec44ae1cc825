#include "neuron/cable/fingerprint.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace elm::cable {
namespace {

/// FNV-1a of 64 bits (RFC 9923).
class Hash {
public:
    void add(std::string_view text) {
        add(static_cast<std::int64_t>(text.size()));
        for (const char letter : text) add_byte(static_cast<unsigned char>(letter));
    }
    void add(std::int64_t number) {
        for (int shift = 0; shift < 64; shift += 8) {
            add_byte(static_cast<std::uint64_t>(number) >> shift & 0xFF);
        }
    }
    void add(int number) { add(std::int64_t{number}); }
    /// Every NaN counts alike.
    void add(double number) {
        add(std::isnan(number) ? std::int64_t{-1} : std::bit_cast<std::int64_t>(number));
    }
    void add(const std::vector<double>& numbers) {
        add(static_cast<std::int64_t>(numbers.size()));
        for (const double number : numbers) add(number);
    }
    std::string text() const { return fmt::format("{:016x}", value_); }

private:
    void add_byte(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x00000100000001B3u; }
    std::uint64_t value_ = 0xCBF29CE484222325u;
};

void add_shape(Hash& hash, const Compartments& compartments) {
    for (const Segment& segment : compartments.segments) {
        hash.add(segment.section);
        hash.add(segment.node);
        hash.add(static_cast<int>(segment.region));
        for (const double number : {segment.x, segment.length_um, segment.diameter_um,
                                    segment.area_um2, segment.distance_um}) {
            hash.add(number);
        }
    }
    for (const Node& node : compartments.nodes) {
        hash.add(node.parent);
        hash.add(node.segment);
        hash.add(node.resistance_to_parent_Mohm);
    }
}

}  // namespace

std::string fingerprint(const Compartments& compartments) {
    Hash hash;
    add_shape(hash, compartments);
    return hash.text();
}

std::string fingerprint(const Cell& cell) {
    Hash hash;
    add_shape(hash, cell.compartments);
    for (const double number :
         {cell.celsius, cell.initial_voltage_mV, cell.initial_calcium_mM, cell.external_calcium_mM,
          cell.minimal_calcium_mM, cell.calcium_depth_um, cell.spike_threshold_mV}) {
        hash.add(number);
    }
    for (const auto* numbers :
         {&cell.capacitance_uF_cm2, &cell.leak_S_cm2, &cell.leak_mV, &cell.sodium_mV,
          &cell.potassium_mV, &cell.calcium_gamma, &cell.calcium_decay_ms}) {
        hash.add(*numbers);
    }
    for (const ChannelDensity& density : cell.channels) {
        hash.add(std::string_view(density.channel));
        hash.add(density.density_S_cm2);
    }
    for (const int segment : cell.site_segments) hash.add(segment);
    for (const SynapseKinetics& synapse : {cell.ampa, cell.nmda, cell.gaba}) {
        for (const double number :
             {synapse.rise_ms, synapse.decay_ms, synapse.reversal_mV, synapse.peak_uS}) {
            hash.add(number);
        }
        hash.add(synapse.magnesium ? 1 : 0);
    }
    hash.add(cell.nexus_segment);
    return hash.text();
}

}  // namespace elm::cable
