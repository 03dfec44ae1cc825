#pragma once

#include <string>

namespace elm {

/// Output that is kept of a simulation.
struct RunOutput {
    std::string path = {};    // of the recording; empty: none
    std::string config = {};  // that the recording holds: what the run was made by
    bool force = false;       // replace a recording that is there
    bool draws = false;       // make a picture of the first sample
    std::string remedy = "Run less or record less.";  // said where the disk is too small for it
};

}  // namespace elm
