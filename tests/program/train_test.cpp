// `elmsim train`: what it leaves, how it goes on, and what it refuses.

#include <signal.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "tests/program/train_command.h"
#include "tests/support/devices.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

TEST_F(TrainCommand, every_kind_of_model_learns_to_add) {
    for (const char* const model : {"elm", "lstm", "tcn"}) {
        const ProgramResult result = run_program(train(
            model, {"--model", model, "--json", "--budget", "1500u", "--set", "training.batch=32",
                    "training.learning_rate=0.01", "training.weight_decay=0"}));
        ASSERT_EQ(result.exit_code, 0) << result.err;
        const std::string key = "\"test\": {\n    \"mse\": ";
        const std::size_t at = result.out.find(key);
        ASSERT_NE(at, std::string::npos) << result.out;
        // Who says 1 has 1/6.
        EXPECT_LT(std::stod(result.out.substr(at + key.size())), 0.05) << model;
    }
}

/// The number that follows a key of the test scores, at first of the only run.
double test_score(const ProgramResult& result, const std::string& name) {
    const std::size_t test = result.out.find("\"test\": {");
    const std::string key = "\"" + name + "\": ";
    const std::size_t at = result.out.find(key, test);
    if (test == std::string::npos || at == std::string::npos) return NAN;
    return std::stod(result.out.substr(at + key.size()));
}

TEST_F(TrainCommand, recall_and_copying_are_learnt) {
    const auto learn = [&](const std::string& task, const std::string& model,
                           std::vector<std::string> options) {
        std::vector<std::string> arguments{"train",
                                           "--task",
                                           task,
                                           "--model",
                                           model,
                                           "--out",
                                           folder_ / (task + model),
                                           "--json",
                                           "--threads",
                                           "1",
                                           "--set",
                                           "training.batch=32",
                                           "training.weight_decay=0",
                                           "training.learning_rate=0.01",
                                           "lstm.units=32",
                                           "elm.num_memory=32"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        const double accuracy = test_score(result, "accuracy");
        EXPECT_LT(test_score(result, "accuracy_95_low"), accuracy);
        EXPECT_GE(test_score(result, "accuracy_95_high"), accuracy);
        return accuracy;
    };
    for (const char* const model : {"elm", "lstm"}) {
        // Chance is 1/8, the values.
        EXPECT_GT(
            learn("recall", model, {"recall.pairs=1", "recall.vocabulary=16", "--budget", "1000u"}),
            0.9)
            << model;
        // Chance is 1/8, the tokens.
        EXPECT_GT(learn("copying", model,
                        {"copying.memorised=2", "copying.delay=8", "--budget", "1000u"}),
                  0.9)
            << model;
    }
    // Chance is 1/4; who knows the two values and not their keys has 5/8.
    EXPECT_GT(learn("recall", "lstm",
                    {"recall.pairs=2", "recall.vocabulary=8", "--budget", "3000u", "--force"}),
              0.9);
}

TEST_F(TrainCommand, any_model_is_trained_behind_a_front_end) {
    const auto recall = [&](const std::string& name, const std::string& model,
                            const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"train",
                                           "--task",
                                           "recall",
                                           "--model",
                                           model,
                                           "--threads",
                                           "1",
                                           "--out",
                                           folder_ / name,
                                           "--budget",
                                           "60u",
                                           "--set",
                                           "recall.pairs=2",
                                           "recall.vocabulary=8",
                                           "recall.held_out=50"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    };
    const std::vector<std::string> embedding{"--set",
                                             "front_end.kind=embedding",
                                             "front_end.width=6",
                                             "front_end.input_dropout=0.2",
                                             "training.label_smoothing=0.1",
                                             "training.decay_offsets=false"};
    for (const char* const model : {"elm", "lstm", "tcn", "lif", "elm_network"}) {
        const ProgramResult result = run_program(recall(model, model, embedding));
        ASSERT_EQ(result.exit_code, 0) << model << result.err;
        const ProgramResult inspected =
            run_program({"inspect", folder_ / (std::string(model) + "/model.h5")});
        EXPECT_NE(inspected.out.find("front_end.kind"), std::string::npos) << inspected.out;
        EXPECT_NE(inspected.out.find("embedding"), std::string::npos) << inspected.out;
    }
    // Its configuration makes the same run again, and its model begins another one.
    ASSERT_EQ(
        run_program({"train", "--config", folder_ / "lstm/config.toml", "--out", folder_ / "again"})
            .exit_code,
        0);
    EXPECT_EQ(parameters(folder_ / "lstm/model.h5"), parameters(folder_ / "again/model.h5"));
    std::vector<std::string> from = embedding;
    from.insert(from.end(), {"--init-from", folder_ / "lstm/model.h5"});
    EXPECT_EQ(run_program(recall("from", "lstm", from)).exit_code, 0);
    expect_error(recall("plain", "lstm", {"--init-from", folder_ / "lstm/model.h5"}), 2,
                 "front_end.kind=embedding");
    // Goes on from its checkpoint, and from no other front end.
    std::vector<std::string> again = embedding;
    again.emplace_back("--resume");
    EXPECT_EQ(run_program(recall("lstm", "lstm", again)).exit_code, 0);
    expect_error(recall("lstm", "lstm", {"--resume"}), 2, "front_end.kind was embedding");

    expect_error(recall("a", "lstm", {"--set", "front_end.kind=embeding"}), 2,
                 "Did you mean embedding?");
    expect_error(recall("a", "lstm", {"--set", "front_end.width=0"}), 2, "width");
    expect_error(recall("a", "lstm", {"--set", "front_end.class_token=true"}), 2,
                 "needs a front end");
    expect_error(train("a", {"--model", "lstm", "--set", "front_end.kind=embedding"}), 2,
                 "the model lstm behind its front end does not take");
    expect_error(train("a", {"--model", "lstm", "--set", "training.label_smoothing=0.1"}), 2,
                 "no classes");
}

TEST_F(TrainCommand, texts_and_pairs_of_them_are_learnt) {
    for (const char* const split : {"train", "test"}) {
        for (const char* const label : {"neg", "pos"}) {
            const std::string folder = folder_ / fmt::format("aclImdb/{}/{}", split, label);
            fs::create_directories(folder);
            for (int k = 0; k < 10; ++k) {
                std::ofstream(fmt::format("{}/{}_1.txt", folder, k)) << label << " film " << k;
            }
        }
    }
    const std::string pairs = "1.0\tA\tB\tone text\tone more text\n0.0\tC\tD\tthis\tthat\n";
    fs::create_directories(folder_ / "aan");
    for (const char* const split : {"train", "eval", "test"}) {
        std::ofstream(folder_ / fmt::format("aan/new_aan_pairs.{}.tsv", split)) << pairs;
    }
    std::ofstream(folder_ / "book") << std::string(4000, 'a') + std::string(4000, 'b');
    const auto learn = [&](const std::string& task, const std::string& data,
                           std::vector<std::string> more) {
        std::vector<std::string> arguments{"train",        "--task",   task,  "--out",
                                           folder_ / task, "--budget", "20u", "--json",
                                           "--threads",    "1"};
        if (!data.empty()) arguments.insert(arguments.end(), {"--data", folder_ / data});
        arguments.insert(arguments.end(), more.begin(), more.end());
        ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << task << result.err;
        return result;
    };
    learn("text", "aclImdb",
          {"--model", "lstm", "--set", "text.pooling=cls", "front_end.kind=embedding",
           "front_end.width=8"});
    learn("retrieval", "aan", {"--model", "elm", "--set", "retrieval.latent=5"});
    learn("retrieval-syn", "",
          {"--model", "lstm", "--set", "retrieval-syn.least_length=100",
           "retrieval-syn.most_length=200", "retrieval-syn.held_out=8"});
    const ProgramResult language =
        learn("byte-language", "book", {"--model", "lstm", "--set", "byte-language.steps=16"});
    EXPECT_NE(language.out.find("bits_per_character"), std::string::npos) << language.out;

    const auto refused = [&](const std::string& task, const std::string& data, int code,
                             const std::string& part, const std::string& set = "training.batch=8") {
        expect_error({"train", "--task", task, "--data", folder_ / data, "--model", "lstm", "--out",
                      folder_ / "x", "--set", set},
                     code, part);
    };
    refused("text", "aclImdb", 2, "needs a front end", "text.pooling=cls");
    fs::remove_all(folder_ / "aclImdb/test/pos");
    refused("text", "aclImdb", 3, "test/pos has no reviews");
    fs::create_directories(folder_ / "empty");
    refused("text", "empty", 3, "holds no samples of the task text");
    refused("byte-language", "book", 3, "too few for windows", "byte-language.steps=500");
    std::ofstream(folder_ / "aan/new_aan_pairs.eval.tsv") << "1.0\tA\tB\tone text\n";
    refused("retrieval", "aan", 3, "new_aan_pairs.eval.tsv, line 1");
}

TEST_F(TrainCommand, leaves_a_folder_that_holds_everything) {
    ASSERT_EQ(run_program(train("run", {"--model", "lstm", "--safetensors"})).exit_code, 0);
    for (const char* const file :
         {"model.h5", "checkpoint.h5", "metrics.jsonl", "config.toml", "summary.json",
          "report.html", "learning_curve.png", "model.safetensors"}) {
        EXPECT_GT(fs::file_size(folder_ / ("run/" + std::string(file))), 0u) << file;
    }
    // Its configuration makes the same run again.
    const ProgramResult again =
        run_program({"train", "--config", folder_ / "run/config.toml", "--out", folder_ / "again"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(parameters(folder_ / "run/model.h5"), parameters(folder_ / "again/model.h5"));
    expect_error(train("run", {"--model", "lstm"}), 2, "--force");
}

TEST_F(TrainCommand, several_runs_have_a_folder_each) {
    ASSERT_EQ(run_program(train("all", {"--model", "elm,lstm", "--seeds", "2"})).exit_code, 0);
    for (const char* const name : {"elm-10-seed0", "elm-10-seed1", "lstm-seed0", "lstm-seed1"}) {
        EXPECT_TRUE(fs::exists(folder_ / fmt::format("all/{}/model.h5", name))) << name;
    }
    EXPECT_TRUE(fs::exists(folder_ / "all/learning_curve.png"));
    EXPECT_NE(parameters(folder_ / "all/lstm-seed0/model.h5"),
              parameters(folder_ / "all/lstm-seed1/model.h5"));
}

TEST_F(TrainCommand, goes_on_after_a_kill_with_the_same_bits) {
    for (const char* const model : {"elm", "lstm", "tcn"}) {
        const std::vector<std::string> options{"--model",          model, "--budget", "2000u",
                                               "--validate-every", "500"};
        ASSERT_EQ(run_program(train("whole", options)).exit_code, 0);
        for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
            fs::remove_all(folder_ / "cut");
            run_program(train("cut", options), {.signal = signal, .signal_after_ms = 150});
            std::vector<std::string> again = options;
            again.emplace_back("--resume");
            const ProgramResult result = run_program(train("cut", again));
            ASSERT_EQ(result.exit_code, 0) << result.err;
            EXPECT_EQ(parameters(folder_ / "whole/model.h5"), parameters(folder_ / "cut/model.h5"))
                << model << " " << signal;
        }
        fs::remove_all(folder_ / "whole");
    }
}

TEST_F(TrainCommand, has_the_same_bits_for_any_number_of_threads) {
    std::vector<std::vector<float>> all;
    for (const char* const threads : {"1", "2", "4"}) {
        ASSERT_EQ(run_program(train(threads, {"--model", "elm"}, threads)).exit_code, 0);
        all.push_back(parameters(folder_ / (std::string(threads) + "/model.h5")));
    }
    EXPECT_EQ(all[0], all[1]);
    EXPECT_EQ(all[0], all[2]);
}

TEST_F(TrainCommand, refuses_what_cannot_be) {
    expect_error({"train", "--task", "ading", "--out", folder_ / "a"}, 2, "Did you mean adding?");
    expect_error(train("a", {"--model", "lstmm"}), 2,
                 "no such model to fit. Did you mean lstm? See elmsim list models.");
    expect_error(train("a", {"--model", "encoder_decoder", "--set", "adding.steps=30"}), 2,
                 "source_steps is 64 and a sequence has 30 steps");
    expect_error(train("a", {"--model", "elm,elm"}), 2, "given twice");
    expect_error(train("a", {"--preset", "neuronio"}), 2, "no adding preset neuronio");
    expect_error(train("a", {"--set", "adding.stpes=3"}), 2, "Did you mean steps?");
    expect_error(train("a", {"--set", "addin.steps=3"}), 2, "Did you mean adding?");
    expect_error(train("a", {"--set", "adding.steps=1"}), 2, "steps");
    expect_error(train("a", {"--data", "x.h5"}), 3, "x.h5 is not there");
    expect_error(train("a", {"--train", "0:5"}), 2, "give --data");
    expect_error(train("a.h5"), 2, "a folder");
    expect_error(train("a", {"--precision", "bf16", "--device", "cpu"}), 4, "--precision bf16");
    expect_error({"train", "--out", "a"}, 2, "--task");
    EXPECT_FALSE(fs::exists(folder_ / "a/model.h5"));
    std::ofstream(folder_ / "file") << "no folder";
    expect_error(train("file"), 7, "file is a file");
    ASSERT_EQ(run_program(train("b", {"--model", "lstm"})).exit_code, 0);
    expect_error(train("b", {"--model", "lstm", "--resume", "--set", "adding.steps=30"}), 2,
                 "adding.steps was 20, is 30");
    // The results of one run are not replaced by those of another that goes on.
    expect_error(train("b", {"--model", "lstm,tcn", "--resume"}), 2,
                 "summary.json exists, and there is no checkpoint of this run");
}

TEST_F(TrainCommand, learns_from_a_set_on_disk) {
    const auto generate = [&](const std::string& seed) {
        fs::create_directories(folder_ / "set");
        const ProgramResult made =
            run_program({"generate", "adding", "--steps", "20", "--count", "500", "--seed", seed,
                         "--out", folder_ / "set", "--force"});
        ASSERT_EQ(made.exit_code, 0) << made.err;
    };
    generate("1");
    std::vector<std::string> arguments{
        "train",     "--task", "adding",   "--data", folder_ / "set", "--out", folder_ / "run",
        "--threads", "1",      "--budget", "60u",    "--model",       "lstm"};
    const ProgramResult result = run_program(arguments);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.err.find("400 samples of 20 steps"), std::string::npos) << result.err;
    std::ifstream file(folder_ / "run/summary.json");
    const std::string summary{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(summary.find("\"encoding\": \"value\""), std::string::npos) << summary;
    EXPECT_NE(summary.find("\"data\": \"" + (folder_ / "set").string()), std::string::npos)
        << summary;
    // Its configuration makes the same run again; other data are refused when it goes on.
    const ProgramResult again =
        run_program({"train", "--config", folder_ / "run/config.toml", "--out", folder_ / "again"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(parameters(folder_ / "run/model.h5"), parameters(folder_ / "again/model.h5"));
    generate("2");
    arguments.emplace_back("--resume");
    expect_error(arguments, 2, "data.data was");
    expect_error(train("b", {"--data", folder_ / "set", "--set", "adding.steps=30"}), 2,
                 "steps is 20 in");
}

TEST_F(TrainCommand, a_diverging_run_keeps_its_checkpoint) {
    const ProgramResult result =
        run_program(train("d", {"--model", "elm", "--set", "training.learning_rate=1e30",
                                "training.schedule=constant"}));
    EXPECT_EQ(result.exit_code, 5) << result.err;
    for (const char* const part : {"gradient of", "step"}) {
        EXPECT_NE(result.error().find(part), std::string::npos) << result.err;
    }
    EXPECT_TRUE(fs::exists(folder_ / "d/checkpoint.h5"));
}

TEST_F(TrainCommand, takes_the_precisions_that_a_model_has_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const char* const precision : {"tf32", "bf16"}) {
        const std::vector<std::string> more{"--device", "cuda", "--precision", precision,
                                            "--budget", "3u",   "--model"};
        std::vector<std::string> elm = more, lstm = more;
        elm.emplace_back("elm");
        lstm.emplace_back("lstm");
        const ProgramResult result = run_program(train(precision, elm));
        EXPECT_EQ(result.exit_code, 0) << result.err;
        expect_error(train("no", lstm), 4, "lstm");
    }
}

}  // namespace
}  // namespace elm
