#include "kernels/modules/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <sstream>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using test::values_of;

struct Net : Module {
    ModuleParameter& weight;
    ModuleParameter& bias;
    explicit Net(const Shape& shape = {7, 3}, const std::string& bias_name = "bias")
        : weight(parameter("layer.weight", shape, initialise::uniform(-1, 1))),
          bias(parameter(bias_name, {3}, initialise::normal(0, 1))) {}
};

/// A net in training.
struct TrainingRun {
    Stream stream;
    Net net;
    FlatParameters flat;
    Optimizer optimizer;

    explicit TrainingRun(const OptimizerSettings& settings, std::uint64_t seed = 1,
                         Device device = {}, DType dtype = DType::f32, const Shape& shape = {7, 3},
                         const std::string& bias_name = "bias")
        : stream(device),
          net(shape, bias_name),
          flat(allocate_parameters(stream, net, dtype, {seed})),
          optimizer(stream, net, flat, settings) {}

    /// Steps `begin` to `end`, each with gradients of its own.
    void train(std::uint64_t begin, std::uint64_t end) {
        for (std::uint64_t step = begin; step < end; ++step) {
            const auto gradient = test::random_values(21, -1, 1, {3, step, 0});
            visit_real(net.weight.gradient.dtype(), [&]<class Real>(Real) {
                net.weight.gradient.assign<Real>(
                    stream, std::vector<Real>(gradient.begin(), gradient.end()));
            });
            optimizer.step(stream, 0.01);
        }
    }
};

OptimizerSettings usual() {
    OptimizerSettings settings;
    settings.rule = OptimizerRule::adamw;
    settings.weight_decay = 0.1;
    settings.average_decay = 0.9;
    return settings;
}

TrainingState example_state() {
    TrainingState state;
    state.seed = 0xFEDC'BA98'7654'3210;
    state.epoch = 3;
    state.step = 7;
    state.best_metric = 0.1;
    state.history = {{"validation_loss", {0.5, 0.1, std::nan("")}}, {"empty", {}}};
    state.config.sections["model"]["layers"] = std::int64_t{6};
    return state;
}

/// The message with which reading into `run` fails; its parameters stay as they were.
std::string failure(const std::string& path, TrainingRun& run) {
    const auto before = values_of(run.flat.values);
    try {
        read_checkpoint(run.stream, path, run.net, run.flat, &run.optimizer);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data) << error.message();
        EXPECT_EQ(values_of(run.flat.values), before);
        EXPECT_EQ(run.optimizer.step_count(), 0);
        return error.message();
    }
    return "no error";
}

void expect_contains(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text << "\nexpected: " << part;
}

void expect_resumed_run_equals_whole_run(Device device, DType dtype) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun whole(usual(), 1, device, dtype), first(usual(), 1, device, dtype),
        second(usual(), 2, device, dtype);
    whole.train(0, 9);
    first.train(0, 5);
    write_checkpoint(path, first.net, first.flat, &first.optimizer, {});
    read_checkpoint(second.stream, path, second.net, second.flat, &second.optimizer);
    EXPECT_EQ(second.optimizer.step_count(), 5);
    second.train(5, 9);
    EXPECT_EQ(values_of(second.flat.values), values_of(whole.flat.values));
    for (std::size_t row = 0; row < 3; ++row) {
        EXPECT_EQ(values_of(second.optimizer.rows()[row].values),
                  values_of(whole.optimizer.rows()[row].values));
    }
}

TEST(Checkpoint, a_resumed_run_has_the_bits_of_a_whole_run) {
    expect_resumed_run_equals_whole_run({}, DType::f32);
    expect_resumed_run_equals_whole_run({}, DType::f64);
}

TEST(Checkpoint, cuda_resumes_with_the_bits_of_a_whole_run) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) {
        expect_resumed_run_equals_whole_run(device, DType::f32);
    }
}

TEST(Checkpoint, keeps_progress_and_configuration) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun run(usual());
    const TrainingState written = example_state();
    write_checkpoint(path, run.net, run.flat, nullptr, written);
    const TrainingState read = read_checkpoint(run.stream, path, run.net, run.flat, nullptr);
    EXPECT_EQ(read.seed, written.seed);
    EXPECT_EQ(read.epoch, 3);
    EXPECT_EQ(read.step, 7);
    EXPECT_EQ(read.best_metric, 0.1);
    EXPECT_EQ(read.config.to_toml(), written.config.to_toml());
    ASSERT_EQ(read.history.size(), 2u);
    EXPECT_TRUE(read.history.at("empty").empty());
    const auto& losses = read.history.at("validation_loss");
    ASSERT_EQ(losses.size(), 3u);
    EXPECT_EQ(losses[1], 0.1);
    EXPECT_TRUE(std::isnan(losses[2]));
    EXPECT_EQ(Config::load(path).to_toml(), written.config.to_toml()) << "as --config takes it";
}

TEST(Checkpoint, has_no_metric_before_the_first) {
    const test::TemporaryDirectory folder;
    TrainingRun run(usual());
    write_checkpoint(folder / "x.h5", run.net, run.flat, nullptr, {});
    EXPECT_TRUE(std::isnan(
        read_checkpoint(run.stream, folder / "x.h5", run.net, run.flat, nullptr).best_metric));
}

TEST(Checkpoint, lists_all_differences_at_once) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun small(usual());
    write_checkpoint(path, small.net, small.flat, &small.optimizer, {});
    TrainingRun wide(usual(), 1, {}, DType::f32, {5, 3}, "shift");
    const std::string message = failure(path, wide);
    for (const char* group : {"/model", "/optimizer/first_moment", "/optimizer/average"}) {
        expect_contains(message,
                        std::string(group) + "/layer.weight has shape (7, 3), expected (5, 3)");
        expect_contains(message, std::string(group) + "/shift is missing, expected shape (3)");
        expect_contains(message, std::string(group) + "/bias with shape (3) is not expected");
    }
}

TEST(Checkpoint, tells_another_type_or_optimiser) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun run(usual());
    write_checkpoint(path, run.net, run.flat, &run.optimizer, {});
    TrainingRun other({.rule = OptimizerRule::sgd}, 1, {}, DType::f64);
    const std::string message = failure(path, other);
    expect_contains(message, "the optimizer is adamw, expected sgd");
    expect_contains(message, "/model/bias holds f32, expected f64");
    OptimizerSettings without = usual();
    without.average_decay = 0;
    TrainingRun plain(without);
    expect_contains(failure(path, plain), "/optimizer/average/bias with shape (3) is not expected");
    write_checkpoint(path, run.net, run.flat, nullptr, {});
    expect_contains(failure(path, plain), "the optimizer is not there, expected adamw");
}

/// A file with the attributes of a checkpoint and nothing else.
void write_head(const std::string& path, const std::string& format, std::int64_t version) {
    Hdf5File file = Hdf5File::create(path);
    file.set_attribute("/", "format", format);
    file.set_attribute("/", "format_version", version);
    file.close();
}

TEST(Checkpoint, tells_another_format_or_version) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun run(usual());
    write_head(path, "elm-recording", 1);
    expect_contains(failure(path, run), "its format is elm-recording, expected elm-checkpoint");
    Hdf5File::create(path).close();
    expect_contains(failure(path, run), "its format is not given");
    for (const std::int64_t version : {0, 2}) {
        write_head(path, "elm-checkpoint", version);
        expect_contains(failure(path, run), "this program reads versions 1 to 1");
    }
    write_head(path, "elm-checkpoint", 1);
    expect_contains(failure(path, run), "/config is not there");
}

TEST(Checkpoint, leaves_unknown_groups_to_others) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun run(usual());
    write_checkpoint(path, run.net, run.flat, &run.optimizer, {});
    // The same contents with more beside them, as a later program may write.
    const Hdf5File old = Hdf5File::open(path);
    Hdf5File file = Hdf5File::create(folder / "y.h5");
    const auto copy = [&](auto&& self, const std::string& group) -> void {
        if (group != "/") file.make_group(group);
        for (const auto& [name, value] : old.attributes(group)) {
            file.set_attribute(group, name, value);
        }
        for (const std::string& link : old.links(group)) {
            const std::string object = (group == "/" ? "" : group) + "/" + link;
            if (old.is_group(object)) {
                self(self, object);
            } else if (object == "/config") {
                file.write_string(object, old.read_string(object));
            } else {
                file.write<float>(object, old.shape(object), old.read<float>(object),
                                  FileType::f32);
            }
        }
    };
    copy(copy, "/");
    file.write_string("/engine/notes", "voltages");
    file.set_attribute("/progress", "mood", std::string("good"));
    file.close();
    run.train(0, 1);
    read_checkpoint(run.stream, folder / "y.h5", run.net, run.flat, &run.optimizer);
    TrainingRun fresh(usual());
    EXPECT_EQ(values_of(run.flat.values), values_of(fresh.flat.values));
}

TEST(Checkpoint, refuses_every_truncation) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5", part = folder / "part.h5";
    TrainingRun run(usual());
    write_checkpoint(path, run.net, run.flat, &run.optimizer, example_state());
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    const std::string whole = text.str();
    for (std::size_t size = 0; size < whole.size(); size += whole.size() / 40) {
        std::ofstream(part, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
        EXPECT_NE(failure(part, run), "no error") << size << " of " << whole.size() << " bytes";
    }
}

/// Files cannot grow beyond `bytes` while the object lives: what a full disk looks like.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limits{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limits);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST(Checkpoint, a_full_disk_leaves_the_old_one_whole) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    TrainingRun run(usual());
    run.train(0, 2);
    write_checkpoint(path, run.net, run.flat, &run.optimizer, {});
    const auto old = values_of(run.flat.values);
    run.train(2, 4);
    for (const rlim_t limit : {rlim_t{0}, rlim_t{1000}, rlim_t{5000}}) {
        const FileSizeLimit full(limit);
        try {
            write_checkpoint(path, run.net, run.flat, &run.optimizer, {});
            ADD_FAILURE() << "written in " << limit << " bytes";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::write) << error.message();
        }
    }
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        files += entry.path() != path ? 100 : 1;
    }
    EXPECT_EQ(files, 1u) << "a temporary file was left";
    TrainingRun resumed(usual(), 2);
    read_checkpoint(resumed.stream, path, resumed.net, resumed.flat, &resumed.optimizer);
    EXPECT_EQ(values_of(resumed.flat.values), old);

    write_checkpoint(path, run.net, run.flat, &run.optimizer, {});  // there is room again
    read_checkpoint(resumed.stream, path, resumed.net, resumed.flat, &resumed.optimizer);
    EXPECT_EQ(values_of(resumed.flat.values), values_of(run.flat.values));
}

TEST(Checkpoint, needs_a_folder_to_write_to) {
    TrainingRun run(usual());
    try {
        write_checkpoint("/nowhere/x.h5", run.net, run.flat, nullptr, {});
        FAIL() << "written into a folder that is not there";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::write);
    }
}

}  // namespace
}  // namespace elm
