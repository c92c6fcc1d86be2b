-- What each connection of wrk sends, again and again: one os-getVNCConsole call.
-- bench/run sets the three variables.

wrk.method = "POST"
wrk.path = "/v2.1/servers/" .. os.getenv("BENCH_SERVER") .. "/action"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.headers["X-Auth-Token"] = os.getenv("BENCH_TOKEN")
wrk.body = '{"os-getVNCConsole": {"type": "novnc"}}'

-- Made once: the generator shares the machine with what it measures.
local call
function init()
  call = wrk.format()
end
function request()
  return call
end

-- One line for bench/run, in a file since wrk writes for people: answers, refusals, errors, and latencies in ms.
function done(summary, latency)
  local errors = summary.errors
  local out = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
  out:write(string.format("%d %d %d %.6f %.2f %.2f %.2f\n", summary.requests - errors.status, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
  out:close()
end
