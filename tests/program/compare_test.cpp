// `elmsim compare`: what it prints and leaves, shares and processes, a comparison that is killed,
// speed against length, and messages for what is impossible.

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class Compare : public testing::Test {
protected:
    /// Two quick models on the adding problem; flags of `more` take the place of these.
    std::vector<std::string> compare(const std::string& name,
                                     const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{"compare",
                                           "--task",
                                           "adding",
                                           "--models",
                                           "lstm,tcn",
                                           "--budget",
                                           "40u",
                                           "--seeds",
                                           "2",
                                           "--threads",
                                           "1",
                                           "--out",
                                           folder_ / name,
                                           "--set",
                                           "adding.steps=12",
                                           "--set",
                                           "adding.held_out=50"};
        for (std::size_t k = 0; k < more.size(); ++k) {
            // A value may stand there as that of another flag.
            const auto found = more[k].starts_with("--")
                                   ? std::find(arguments.begin(), arguments.end(), more[k])
                                   : arguments.end();
            if (found == arguments.end()) {
                arguments.push_back(more[k]);
            } else {
                *(found + 1) = more[++k];
            }
        }
        return arguments;
    }
    static Json json(const ProgramResult& result) {
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return Json::parse(result.out, nullptr, false);
    }
    /// What a comparison says, without what the clock says.
    Json said(const std::string& name) const {
        Json summary = Json::parse(contents(in(name + "/summary.json")), nullptr, false);
        for (Json& cell : summary["cells"]) {
            for (const char* const timed :
                 {"seconds", "samples_per_second", "inference_samples_per_second", "joules",
                  "gpu_joules"}) {
                cell.erase(timed);
            }
        }
        return {{"cells", summary["cells"]}, {"models", summary["models"]}};
    }
    std::string in(const std::string& path) const { return folder_ / path; }

    /// A file with a curriculum.
    std::string stages(const std::string& lines) const {
        const std::string path = in("stages.toml");
        std::ofstream(path) << "[curriculum]\n" << lines;
        return path;
    }
    /// What is killed again and again, first after so long, ends as what was never cut.
    void expect_same_when_killed(const std::vector<std::string>& more, int first_wait_ms) const {
        ASSERT_EQ(run_program(compare("whole", more)).exit_code, 0);
        std::vector<std::string> arguments = compare("killed", more);
        int kills = 0, code = -1;
        for (int wait_ms = first_wait_ms; wait_ms < 100'000; wait_ms = wait_ms * 3 / 2) {
            RunOptions options;
            options.signal = kills % 2 == 0 ? SIGKILL : SIGTERM;
            options.signal_after_ms = wait_ms;
            code = run_program(arguments, options).exit_code;
            if (kills == 0) arguments.emplace_back("--resume");
            if (code == 0) break;
            EXPECT_TRUE(code == 128 + SIGKILL || code == 128 + SIGTERM) << code;
            ++kills;
        }
        EXPECT_EQ(code, 0);
        EXPECT_GE(kills, 1);
        EXPECT_EQ(said("killed"), said("whole"));
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Compare, prints_what_scripts_read_and_leaves_tables_pictures_and_a_page) {
    const Json summary = json(run_program(compare("all", {"--ratings", "--json"})));
    EXPECT_EQ(summary["command"], "compare");
    EXPECT_EQ(summary["task"], "adding");
    ASSERT_EQ(summary["cells"].size(), 4u);
    for (const Json& cell : summary["cells"]) {
        for (const char* const field :
             {"model", "seed", "parameters", "metric", "value", "samples_per_second",
              "peak_memory_bytes", "flops_per_sample"}) {
            EXPECT_TRUE(cell.contains(field) && !cell[field].is_null()) << field;
        }
        EXPECT_EQ(cell["updates"], 40);
        EXPECT_EQ(cell["samples"], 320);
    }
    EXPECT_EQ(summary["cells"][0]["model"], "lstm");
    EXPECT_EQ(summary["cells"][1]["model"], "tcn");
    EXPECT_EQ(summary["models"].size(), 2u);
    EXPECT_EQ(summary["ratings"].size(), 1u);  // numbers are judged by their loss alone
    EXPECT_EQ(Json::parse(contents(in("all/summary.json"))), summary);
    EXPECT_NE(contents(in("all/models.md")).find("| model |"), std::string::npos);
    EXPECT_NE(contents(in("all/models.csv")).find("model,seeds,test MSE"), std::string::npos);
    EXPECT_NE(contents(in("all/cells.csv")).find("lstm,0,done,40"), std::string::npos);
    const std::string page = contents(in("all/report.html"));
    for (const char* const part : {"<!doctype html>", "elmsim compare --task adding", "Ratings",
                                   "aria-sort", "elmsim train --config", "steps = 12", "</html>"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part;
    }
    for (const char* const from_elsewhere : {"src=\"http", "href=\"http", "@import", "url(http"}) {
        EXPECT_EQ(page.find(from_elsewhere), std::string::npos) << from_elsewhere;
    }
    if (std::system("command -v gnuplot >/dev/null 2>&1") == 0) {
        EXPECT_TRUE(fs::exists(in("all/pareto.png")) && fs::exists(in("all/curves.png")));
    }
}

/// A Chromium of this machine; empty: there is none.
std::string browser() {
    for (const char* const name : {"chromium", "chromium-browser", "google-chrome"}) {
        if (std::system(("command -v " + std::string(name) + " >/dev/null 2>&1").c_str()) == 0) {
            return name;
        }
    }
    return "";
}

/// The title of a page after it was loaded and `script` has run in it.
std::string title_of(const std::string& page, const std::string& script,
                     const test::TemporaryDirectory& folder) {
    std::string changed = page;
    changed.insert(changed.find("</body>"),
                   "<script>addEventListener('load', () => {" + script + "})</script>");
    const std::string file = folder / "changed.html", dump = folder / "dump.html";
    const std::string profile = folder / "profile";
    std::ofstream(file) << changed;
    const std::string command = fmt::format(
        "{} --headless --no-sandbox --disable-gpu --virtual-time-budget=5000 --user-data-dir={} "
        "--dump-dom file://{} > {} 2>/dev/null",
        browser(), profile, file, dump);
    EXPECT_EQ(std::system(command.c_str()), 0);
    const std::string loaded = contents(dump);
    const std::string before = "<title>";
    const std::size_t begin = loaded.find(before) + before.size();
    return loaded.substr(begin, loaded.find("</title>") - begin);
}

TEST_F(Compare, a_page_opens_in_a_browser_and_its_tables_sort) {
    if (browser().empty()) GTEST_SKIP() << "no Chromium on this machine";
    ASSERT_EQ(run_program(compare("all")).exit_code, 0);
    const std::string page = contents(in("all/report.html"));
    // The first table, of models: names of its rows, untouched, after a click on its first name and
    // after another one.
    EXPECT_EQ(title_of(page,
                       "const table = document.querySelector('table');"
                       "const names = () => [...table.rows].slice(1).map("
                       "row => row.cells[0].textContent).join(' ');"
                       "const head = table.rows[0].cells[0], said = [names()];"
                       "for (let k = 0; k < 2; ++k) { head.click(); said.push(names()); }"
                       "document.title = said.join(', ');",
                       folder_),
              "lstm tcn, lstm tcn, tcn lstm");
    // By numbers, of all tables: a column is in order after a click.
    EXPECT_EQ(title_of(page,
                       "let columns = 0, wrong = 0;"
                       "for (const table of document.querySelectorAll('table'))"
                       "  [...table.rows[0].cells].forEach((head, at) => {"
                       "    head.click();"
                       "    const column = [...table.rows].slice(1).map("
                       "      row => parseFloat(row.cells[at].textContent)).filter(x => !isNaN(x));"
                       "    if (column.length < 2) return;"
                       "    ++columns;"
                       "    if (column.some((x, k) => k > 0 && x < column[k - 1])) ++wrong;"
                       "  });"
                       "document.title = wrong + ' wrong of ' + (columns > 5 ? 'many' : columns);",
                       folder_),
              "0 wrong of many");
}

TEST_F(Compare, a_page_asks_for_nothing_outside_of_its_file) {
    if (browser().empty()) GTEST_SKIP() << "no Chromium on this machine";
    ASSERT_EQ(run_program(compare("all", {"--ratings"})).exit_code, 0);
    const std::string page = contents(in("all/report.html"));
    // What a browser asked for, whether or not it got it.
    const std::string asked =
        "document.title = 'asked: ' + performance.getEntriesByType('resource').map("
        "one => one.name).filter(name => !name.startsWith('data:')).join(' ');";
    EXPECT_EQ(title_of(page, asked, folder_), "asked: ");
    // Such a list would not be empty for a page that does ask.
    std::string asking = page;
    asking.insert(asking.find("</main>"), "<img src=\"http://127.0.0.1:9/picture.png\">");
    EXPECT_EQ(title_of(asking, asked, folder_), "asked: http://127.0.0.1:9/picture.png");
}

TEST_F(Compare, tables_come_as_text_csv_or_markdown_and_against_a_model) {
    const ProgramResult plain = run_program(compare("all", {"--against", "tcn"}));
    ASSERT_EQ(plain.exit_code, 0) << plain.err;
    EXPECT_NE(plain.out.find("minus tcn"), std::string::npos) << plain.out;
    EXPECT_NE(plain.err.find("40 updates, 320 samples"), std::string::npos) << plain.err;
    const ProgramResult csv = run_program(compare("all", {"--resume", "--csv"}));
    EXPECT_NE(csv.out.find("\nlstm,2,"), std::string::npos) << csv.out << csv.err;
    const ProgramResult markdown = run_program(compare("all", {"--resume", "--markdown"}));
    EXPECT_NE(markdown.out.find("| lstm | 2 |"), std::string::npos) << markdown.out;
    expect_error(compare("all"), 2, "--resume goes on, --force replaces it");
    EXPECT_EQ(run_program(compare("all", {"--force"})).exit_code, 0);
}

TEST_F(Compare, a_cell_is_trained_again_alone_from_its_configuration) {
    ASSERT_EQ(run_program(compare("all", {"--quiet"})).exit_code, 0);
    const ProgramResult again = run_program(
        {"train", "--config", in("all/tcn-seed1/config.toml"), "--out", in("again"), "--json"});
    const Json summary = json(again);
    const Json cells = Json::parse(contents(in("all/summary.json")))["cells"];
    EXPECT_EQ(summary["model"], "tcn");
    EXPECT_EQ(summary["test"]["mse"], cells[3]["value"]);
}

TEST_F(Compare, a_comparison_that_is_killed_goes_on_to_the_same_table) {
    expect_same_when_killed({"--models", "lstm,tcn,lif,alif", "--seeds", "3"}, 60);
}

TEST_F(Compare, cells_go_through_the_stages_of_a_curriculum) {
    const std::vector<std::string> more{"--config",
                                        stages("'adding.steps' = '6,9,12'\n"
                                               "'training.learning_rate' = '1e-2,3e-3,1e-3'\n"
                                               "budget_share = '1,2,1'\n"),
                                        "--budget", "400u"};
    expect_same_when_killed(more, 60);
    const Json cells = Json::parse(contents(in("whole/summary.json")))["cells"];
    for (const Json& cell : cells) EXPECT_EQ(cell["updates"], 400);
    EXPECT_TRUE(fs::exists(in("whole/tcn-seed1/stage-2/model.h5")));
    EXPECT_NE(contents(in("whole/cells.csv")).find("1e-2,3e-3,1e-3"), std::string::npos);
    // What `train` makes of the same curriculum.
    const Json alone = json(run_program(
        {"train", "--config", in("whole/tcn-seed1/config.toml"), "--out", in("again"), "--json"}));
    EXPECT_EQ(alone["stages"].size(), 3u);
    EXPECT_EQ(alone["test"]["mse"], cells[3]["value"]);
    EXPECT_EQ(alone["flops"], cells[3]["flops"]);
    // The same without its stages is another comparison, and leaves nothing of them.
    expect_error(compare("whole", {"--budget", "400u", "--resume"}), 2, "another comparison");
    EXPECT_EQ(run_program(compare("whole", {"--force"})).exit_code, 0);
    EXPECT_FALSE(fs::exists(in("whole/tcn-seed1/stage-1")));
}

TEST_F(Compare, a_cell_that_diverges_in_a_stage_says_which) {
    const std::string path = stages(
        "'training.learning_rate' = '1e38,1e-3'\n"
        "'training.optimizer' = 'sgd,sgd'\n"
        "'training.clip_norm' = '0,0'\n");
    const Json cell =
        json(run_program(compare("all", {"--config", path, "--models", "lstm", "--json"})))["cells"]
            .front();
    EXPECT_EQ(cell["state"], "diverged");
    EXPECT_EQ(cell["message"].get<std::string>().find("stage 1 of 2: "), 0u) << cell["message"];
    EXPECT_LE(cell["flops"].get<double>(),
              cell["updates"].get<double>() * cell["flops_per_sample"].get<double>() * 3 * 8);
}

TEST_F(Compare, curricula_that_cannot_be_are_refused_before_anything_trains) {
    const auto refuse = [&](const std::string& text, const std::string& part,
                            std::vector<std::string> more = {}) {
        more.insert(more.end(), {"--config", stages(text)});
        expect_error(compare("none", more), 2, part);
    };
    const std::string rates = "'training.learning_rate' = '1e-2,1e-3'\n";
    refuse("'lif.neurons' = '1,2'\n", "there is no lif in this training");
    refuse("'tcn.wdth' = '4,8'\n", "stage 1 of 2 (tcn.wdth=4)");
    refuse("'training.batch' = '8,0'\n", "stage 2 of 2 (training.batch=0)");
    refuse("'training.budget' = '5u,6u'\n", "budget_share divides");
    refuse("'training.batch' = '8,64'\n", "stage 2 of 2 (training.batch=64): a budget of 2000000f",
           {"--models", "lstm", "--budget", "4e6f"});
    refuse(rates, "--tune draws training.learning_rate, and the curriculum sets it",
           {"--tune", "2"});
    refuse(rates, "is of one task, and --task names 2", {"--task", "adding,recall"});
    EXPECT_FALSE(fs::exists(in("none")));
    expect_error(
        {"compare", "--speed", "--models", "lstm", "--lengths", "64", "--config", stages(rates)}, 2,
        "--cab and --speed have no stages");
}

TEST_F(Compare, a_cell_on_files_in_stages_is_trained_again_alone) {
    ASSERT_EQ(
        run_program({"generate", "adding", "--steps", "12", "--count", "60", "--out", in("set/")})
            .exit_code,
        0);
    const std::string path = stages("'training.batch' = '4,8'\n");
    const ProgramResult first = run_program(
        {"compare", "--task", "adding", "--models", "lstm", "--seeds", "1", "--budget", "20u",
         "--threads", "1", "--data", in("set"), "--config", path, "--out", in("all"), "--json"});
    const Json cell = json(first)["cells"].front();
    const Json again = json(run_program(
        {"train", "--config", in("all/lstm-seed0/config.toml"), "--out", in("again"), "--json"}));
    EXPECT_EQ(again["test"]["mse"], cell["value"]);
}

TEST_F(Compare, shares_and_processes_make_the_same_table) {
    ASSERT_EQ(run_program(compare("whole")).exit_code, 0);
    const ProgramResult first = run_program(compare("shared", {"--cells", "1/2"}));
    ASSERT_EQ(first.exit_code, 0) << first.err;
    EXPECT_NE(first.out.find("2 cells are not through yet: tcn-seed0, tcn-seed1"),
              std::string::npos)
        << first.out;
    ASSERT_EQ(run_program(compare("shared", {"--cells", "2/2"})).exit_code, 0);
    EXPECT_EQ(said("shared"), said("whole"));
    const std::string page = contents(in("shared/report.html"));
    expect_error(compare("shared", {"--cells", "1/2", "--models", "lif,alif"}), 2,
                 "shared holds another comparison: comparison.models was lstm,tcn, is lif,alif");
    expect_error(compare("shared", {"--cells", "1/2", "--set", "adding.steps=14"}), 2,
                 "shared holds another comparison: adding.steps was 12, is 14");
    EXPECT_EQ(contents(in("shared/report.html")), page);
    EXPECT_FALSE(fs::exists(in("shared/lif-seed0")));
    if (std::string(ELM_LAUNCHER).empty()) GTEST_SKIP() << "no MPI in this build";
    const std::string log = in("log");
    ASSERT_EQ(launch(ELM_LAUNCHER, compare("together"), log), 0) << contents(log);
    EXPECT_EQ(said("together"), said("whole"));
}

TEST_F(Compare, speed_grows_with_the_length_and_attention_faster) {
    const Json result =
        json(run_program({"compare", "--speed", "--models", "lstm,linformer", "--lengths",
                          "64,128,256", "--width", "8", "--batch", "2", "--threads", "1", "--json",
                          "--plot", in("speed.svg"), "--report", in("speed.html")}));
    // Both models, and both attentions in each direction.
    ASSERT_EQ(result["speed"].size(), 18u);
    for (const Json& row : result["speed"]) EXPECT_GT(row["training us/token"].get<double>(), 0);
    ASSERT_EQ(result["exponents"].size(), 24u);
    EXPECT_EQ(result["exponents"].front()["model"], "lstm");
    EXPECT_EQ(result["exponents"].front()["exponent of its operations"].get<double>(), 1);
    ASSERT_EQ(result["efficiency_lengths"].size(), 16u);
    EXPECT_EQ(result["efficiency_lengths"].front()["against"], "transformer");
    EXPECT_EQ(result["efficiency_lengths"].back()["against"],
              "plain_transformer (both directions)");
    EXPECT_NE(contents(in("speed.html")).find("Efficiency lengths"), std::string::npos);
}

TEST_F(Compare, speed_says_what_makes_room_for_lengths_that_do_not_fit) {
    const ProgramResult measured =
        run_program({"compare", "--speed", "--models", "lstm", "--lengths", "64,16384k", "--width",
                     "8", "--batch", "64", "--set", "transformer.layers=1", "--threads", "1"});
    ASSERT_EQ(measured.exit_code, 0) << measured.err;
    EXPECT_NE(measured.out.find("needs about"), std::string::npos) << measured.out;
    EXPECT_NE(measured.err.find("less of --batch or --width makes room for what lacked memory"),
              std::string::npos)
        << measured.err;
}

TEST_F(Compare, speed_leaves_out_what_a_model_refuses_and_keeps_what_was_measured) {
    const ProgramResult measured = run_program({"compare",   "--speed",
                                                "--models",  "lstm,encoder_decoder,synthesizer",
                                                "--lengths", "64,1k,16384k",
                                                "--width",   "4",
                                                "--batch",   "64",
                                                "--set",     "synthesizer.heads=1",
                                                "--set",     "synthesizer.layers=1",
                                                "--set",     "transformer.layers=1",
                                                "--set",     "transformer.heads=1",
                                                "--threads", "1",
                                                "--json"});
    const Json tables = json(measured);
    std::map<std::string, std::string> left_out;
    for (const Json& row : tables["speed"]) {
        left_out[fmt::format("{} {}", row["model"].get<std::string>(), row["length"].dump())] =
            row["left out"].is_string() ? row["left out"].get<std::string>() : "";
    }
    EXPECT_EQ(left_out.at("lstm 64"), "");
    EXPECT_NE(left_out.at("encoder_decoder 64"), "");
    EXPECT_NE(left_out.at("encoder_decoder 16777216"), "");
    // Its table is for 512 steps where nobody asks for more.
    EXPECT_EQ(left_out.at("synthesizer 1024"), "");
    EXPECT_EQ(left_out.at("synthesizer 16777216"), "its option longest is at most 65536");
    EXPECT_EQ(left_out.at("transformer 64"), "");
    const ProgramResult chosen = run_program(
        {"compare", "--speed", "--models", "synthesizer", "--lengths", "64,128", "--width", "4",
         "--batch", "1", "--set", "synthesizer.longest=100", "--threads", "1"});
    EXPECT_EQ(chosen.exit_code, 0) << chosen.err;
    EXPECT_NE(chosen.err.find("synthesizer at 128 steps: "), std::string::npos) << chosen.err;
    EXPECT_EQ(chosen.err.find("makes room"), std::string::npos) << chosen.err;
    expect_error({"compare", "--speed", "--models", "lstm,reformer", "--lengths", "64", "--set",
                  "reformer.causal=true"},
                 2, "--models: while making the model reformer: ");
}

TEST_F(Compare, what_is_impossible_is_said_before_anything_trains) {
    const auto with = [&](const std::string& flag, const std::string& value) {
        return compare("none", {flag, value});
    };
    expect_error(with("--models", "lstm,tcm"), 2, "Did you mean tcn?");
    expect_error(with("--models", "lstm,lstm"), 2, "given twice");
    expect_error(with("--task", "ading"), 2, "Did you mean adding?");
    expect_error(with("--against", "elm"), 2, "--against elm: it is none of --models");
    expect_error(with("--budget", "10x"), 2, "--budget 10x");
    expect_error(with("--budget", "10f"), 2, "--budget 10f: a budget of 10f buys lstm no update");
    // A model's own options are no fault of the budget: the first thing said is the model.
    const auto first_said = [&](const std::vector<std::string>& more) {
        const ProgramResult refused = run_program(compare("none", more));
        EXPECT_EQ(refused.exit_code, 2);
        EXPECT_EQ(refused.err.find("--budget"), std::string::npos) << refused.err;
        return refused.err;
    };
    EXPECT_NE(first_said({"--models", "lstm,transformer", "--set", "transformer.heads=3"})
                  .find("error: while making the model transformer: attention of width 64 has 3 "
                        "heads"),
              std::string::npos);
    EXPECT_NE(
        first_said({"--models", "lstm,reformer", "--set", "reformer.causal=true", "--budget", "5s"})
            .find("error: while making the model reformer: "),
        std::string::npos);
    expect_error(with("--cells", "3/2"), 2, "--cells 3/2");
    expect_error(with("--cells", "half"), 2, "such as 3/16");
    expect_error(with("--seeds", "0"), 2, "0 seeds");
    expect_error(with("--tune", "-1"), 2, "-1 trials");
    expect_error({"compare", "--task", "adding", "--out", in("none")}, 2, "--models is missing");
    expect_error({"compare", "--models", "lstm", "--out", in("none")}, 2, "--task is missing");
    expect_error({"compare", "--speed", "--models", "lstm"}, 2, "--lengths is missing");
    expect_error({"compare", "--speed", "--models", "lstm", "--lengths", "1q"}, 2, "'1q'");
    expect_error({"compare", "--speed", "--models", "lstm", "--lengths", "64", "--task", "adding"},
                 2, "--speed measures alone");
    EXPECT_FALSE(fs::exists(in("none")));
}

}  // namespace
}  // namespace elm
