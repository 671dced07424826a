-- Sends the requests of a file in turn, and says in one line what came of them. A line of the file is
-- path <tab> key <tab> body; after the file's name comes the mean pause before each request, in milliseconds.

local requests, sent, pause = {}, 0, 0

-- People do not ask in step: requests come independently of each other, as in a Poisson process.
local function thought()
    return math.floor(-pause * math.log(1 - math.random()) + 0.5)
end

function init(arguments)
    pause = tonumber(arguments[2])
    for line in io.lines(arguments[1]) do
        local path, key, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
        local headers = { ["Content-Type"] = "application/json" }
        if key ~= "" then headers["Authorization"] = "Bearer " .. key end
        requests[#requests + 1] = wrk.format("POST", path, headers, body)
    end
    if pause > 0 then delay = thought end
end

function request()
    sent = sent % #requests + 1
    return requests[sent]
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format("measured %d %d %d %d %d %d\n", summary.requests, summary.duration, failed,
        latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
