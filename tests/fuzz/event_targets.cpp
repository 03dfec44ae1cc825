#include "tests/fuzz/event_targets.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "encoders/encoder_registry.h"
#include "kernels/core/support/error.h"
#include "tasks/data/spikes/spike_rows.h"
#include "tasks/encoding/signal_file.h"
#include "tasks/events/aedat_file.h"
#include "tasks/events/gesture_folder.h"
#include "tasks/events/nmnist_file.h"
#include "tasks/samples/event_bins.h"
#include "tasks/speech/shd_file.h"

namespace elm::test {
namespace {

/// True if `work` ends; false if it refuses data in one line.
template <class Work>
bool accepts(Work&& work) {
    try {
        work();
        return true;
    } catch (const Error& error) {
        const bool is_right = error.kind() == ErrorKind::data;
        if (!is_right || error.message().find('\n') != std::string::npos) std::abort();
        return false;
    }
}

void require(bool holds) {
    if (!holds) std::abort();
}

void require_order(const std::vector<CameraEvent>& events, const Sensor& sensor) {
    std::int64_t before = 0;
    for (const CameraEvent& event : events) {
        require(event.time_us >= before && event.x >= 0 && event.y >= 0);
        require(event.x < sensor.width && event.y < sensor.height);
        before = event.time_us;
    }
}

/// A name in memory, for the files of this process.
std::string file_in_memory(const char* ending) {
    return "/dev/shm/elmsim-fuzz-events-" + std::to_string(getpid()) + ending;
}

/// Numbers of a plan, byte by byte; zeros behind its end.
class Plan {
public:
    explicit Plan(std::string_view bytes) : bytes_(bytes) {}
    int byte() { return at_ < bytes_.size() ? static_cast<unsigned char>(bytes_[at_++]) : 0; }
    float time() {
        static constexpr float odd[] = {-1, NAN, INFINITY, 65504, -0.0F, 1e-7F};
        const int kind = byte();
        return kind < 250 ? static_cast<float>(kind) / 200 : odd[kind - 250];
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

void write_shd(const std::string& path, Plan plan) {
    Hdf5File file = Hdf5File::create(path);
    const int count = plan.byte() % 5, extra = plan.byte();
    RaggedRows<float> times;
    RaggedRows<std::int32_t> units;
    std::vector<std::int32_t> labels;
    for (int k = 0; k < count; ++k) {
        std::vector<float> time(static_cast<std::size_t>(plan.byte() % 6));
        for (float& one : time) one = plan.time();
        const int more = plan.byte();
        std::vector<std::int32_t> unit(time.size() + (more > 250 ? 1 : 0));
        for (std::int32_t& one : unit) one = 3 * plan.byte() - 1;
        times.add(time);
        units.add(unit);
        labels.push_back(plan.byte() % 21 - (more == 250 ? 1 : 0));
    }
    const auto rows = static_cast<std::int64_t>(count);
    file.make_ragged("spikes/times", rows, extra % 2 == 0 ? FileType::f16 : FileType::f64);
    file.write_ragged("spikes/times", 0, times);
    file.make_ragged("spikes/units", rows, extra % 3 == 0 ? FileType::i16 : FileType::i32);
    file.write_ragged("spikes/units", 0, units);
    if (extra < 250) file.write<std::int32_t>("labels", {rows}, labels, FileType::i32);
    if (extra % 5 == 0) {
        labels.push_back(0);
        file.write<std::int32_t>("extra/speaker", {rows + 1}, labels, FileType::u16);
    }
    file.close();
}

}  // namespace

bool read_aedat_bytes(std::string_view bytes) {
    return accepts(
        [&] { require_order(parse_aedat(bytes, gesture_sensor, "fuzz"), gesture_sensor); });
}

bool read_nmnist_bytes(std::string_view bytes) {
    return accepts([&] { require_order(parse_nmnist(bytes, "fuzz"), nmnist_sensor); });
}

bool read_gesture_labels(std::string_view text) {
    return accepts([&] {
        for (const GestureSpan& span : parse_gesture_labels(text, "fuzz")) {
            require(span.label >= 0 && span.label < n_gestures);
            require(span.start_us >= 0 && span.stop_us > span.start_us);
        }
    });
}

bool read_signal_table(std::string_view text) {
    const std::string path = file_in_memory(".csv");
    std::ofstream(path, std::ios::binary) << text;
    const bool accepted = accepts([&] {
        const Signal signal = read_signal(path, find_encoder("hold"), {});
        require(std::ssize(signal.values) == signal.n_steps * signal.n_channels);
        for (const float value : signal.values) require(std::isfinite(value));
    });
    std::filesystem::remove(path);
    return accepted;
}

bool read_shd_contents(std::string_view bytes) {
    const std::string path = file_in_memory(".h5");
    write_shd(path, Plan(bytes));
    const bool accepted = accepts([&] {
        const auto file = ShdFile::open(path, shd_classes);
        const SetColumns columns = file->read(0, file->count(), file->fields());
        const EventBins bins = event_bins(10, 1000);
        SpikeTrain train;
        begin_rows(train, file->count(), bins.n_bins, shd_units);
        for (std::int64_t k = 0; k < file->count(); ++k) {
            append_events(train, bins, {}, column_of(columns, "events").at<float>(k));
        }
        train.check();
    });
    std::filesystem::remove(path);
    return accepted;
}

}  // namespace elm::test
