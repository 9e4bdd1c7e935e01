"""Scripts on the board: calls as recorded, boots, events, time, files, and the server."""

from dataclasses import replace

import pytest

from lua_runs import QUICK, device, printed, ran, setup_of
from otaproof.lua.lua_machine import LuaVersion
from otaproof.lua.script_player import ScriptCut
from otaproof.lua.script_run import RestKind, ScriptRun
from otaproof.lua.update_server import PlannedFault, ServedFolder
from places import ROOT

BOTH = pytest.mark.parametrize("version", LuaVersion, ids=lambda version: str(version.value))
BOOT = "local running, following, slots = otaupgrade.info()\nlocal me = slots[running]\n"
UPGRADE = """
local function upgrade(reboot, ...)
  otaupgrade.commence()
  local connection = http.createConnection("http://h/app.bin", http.GET, { async = true })
  connection:on("data", function(_, data) otaupgrade.write(data) end)
  connection:on("complete", function() otaupgrade.complete(1) end)
  connection:request()
end
"""
SEED_EXAMPLE = """
boot_part, next_part, info = otaupgrade.info()
print("Booted: "..boot_part)
print("  Next: "..next_part)
for p,t in pairs(info) do
  print("@ "..p..":")
  for k,v in pairs(t) do
    print("    "..k..": "..v)
  end
end
print("Running version: "..info[boot_part].version)
"""


@BOTH
def test_example_of_the_documentation_prints_what_it_should(version: LuaVersion) -> None:
    """The running slot has all seven fields, the empty one none."""
    lines = printed(SEED_EXAMPLE, version)
    fields = (
        "state: valid",
        "name: NodeMCU",
        "date: Jan  1 2026",
        "time: 12:00:00",
        "version: 1.0",
        "secure_version: 0",
    )
    wanted = {"Booted: ota_0", "  Next: ota_0", "@ ota_0:", "@ ota_1:", "Running version: 1.0"}
    assert wanted | {f"    {field}" for field in (*fields, "idf_version: v5.1.3")} == set(lines)
    assert ("Booted: ota_0", "Running version: 1.0") == (lines[0], lines[-1])


ERRORS = {
    "write without commence": (
        "otaupgrade.write(('x'):rep(300))",
        "write not possible, use otaupgrade.commence() first",
    ),
    "write of no image": ("otaupgrade.commence() otaupgrade.write(('x'):rep(300))", "not a valid ota image"),
    "complete without commence": ("otaupgrade.complete(1)", "no upgrade in progress"),
    "complete of nothing": ("otaupgrade.commence() otaupgrade.complete(1)", "empty firmware image"),
    "rollback without another": ("otaupgrade.rollback()", "no other firmware to roll back to"),
    "write of nil": ("otaupgrade.write()", "bad argument #1 to 'write' (string expected, got no value)"),
    "write of a table": ("otaupgrade.write({})", "bad argument #1 to 'write' (string expected, got table)"),
}


@BOTH
@pytest.mark.parametrize(("call", "told"), ERRORS.values(), ids=ERRORS)
def test_error_says_what_the_module_says(version: LuaVersion, call: str, told: str) -> None:
    """With the line of the script before it, as luaL_error has it."""
    assert [f"init.lua:1: {told}"] == printed(f"local ok, why = pcall(function() {call} end) print(why)", version)


@BOTH
def test_error_of_a_function_called_by_pcall_has_no_line(version: LuaVersion) -> None:
    """Between pcall and the module there is no line of Lua."""
    assert ["false\tno upgrade in progress"] == printed("print(pcall(otaupgrade.complete, 1))", version)


ARGUMENTS = {
    "nil": (False, ""),
    "0": (False, ""),
    "1": (True, ""),
    "-1": (True, ""),
    '"0"': (False, ""),
    '"1"': (True, ""),
    '"0x10"': (True, ""),
    "true": (False, "number expected, got boolean"),
    '"x"': (False, "number expected, got string"),
    "{}": (False, "number expected, got table"),
}


@BOTH
@pytest.mark.parametrize(("argument", "restarts", "told"), [(a, *rest) for a, rest in ARGUMENTS.items()], ids=ARGUMENTS)
def test_complete_takes_its_argument_as_recorded(version: LuaVersion, argument: str, restarts: bool, told: str) -> None:
    """What is no number raises an error after the boot slot is switched (recordings s0153 to s0163)."""
    script = f"""{BOOT}
    if me.version == "2.0" then print("new") return end
    otaupgrade.commence()
    local code, body = http.get("http://h/app.bin")
    otaupgrade.write(body)
    local ok, why = pcall(function() otaupgrade.complete({argument}) end)
    print(ok and "returned" or why, (select(2, otaupgrade.info())))
    """
    lines = printed(script, version)
    if restarts:
        assert ["new"] == lines
    elif told:
        assert lines[0].endswith(f"({told})\tota_1")
    else:
        assert ["returned\tota_1"] == lines


@pytest.mark.parametrize(("version", "told"), [(LuaVersion.LUA_51, "returned"), (LuaVersion.LUA_53, "representation")])
def test_fraction_is_cut_off_in_one_language_and_refused_in_the_other(version: LuaVersion, told: str) -> None:
    """luaL_optint of 5.1 truncates 0.5 to 0; luaL_optinteger of 5.3 refuses it, once all is done."""
    script = """
    otaupgrade.commence()
    otaupgrade.write((select(2, http.get("http://h/app.bin"))))
    local ok, why = pcall(function() otaupgrade.complete(0.5) end)
    print(ok and "returned" or why, (select(2, otaupgrade.info())))
    """
    (line,) = printed(script, version)
    assert told in line and line.endswith("ota_1")


@BOTH
def test_empty_write_without_commence_returns(version: LuaVersion) -> None:
    """Recording s0120."""
    assert ["true"] == printed('print(pcall(otaupgrade.write, ""))', version)


@BOTH
def test_upgrade_restarts_into_the_new_image_and_its_script(version: LuaVersion) -> None:
    """Each image has its own; a version names it as well as a partition."""
    script = f"{BOOT}{UPGRADE}print('old', me.state) upgrade(1)"
    setup = setup_of(script, version)
    for label in ("2.0", "ota_1"):
        scripts = {label: f"{BOOT}print('new', me.state) otaupgrade.accept()".encode()}
        lines, outcome = ran(replace(setup, scripts=scripts))
        assert ["old\tvalid", "new\ttesting"] == lines
        assert ("ota_1", "new", "valid", 2) == (outcome.running, outcome.image, outcome.state, outcome.boots)


@BOTH
def test_script_that_never_accepts_loses_the_update(version: LuaVersion) -> None:
    """The outcome tells what the next power-on starts."""
    script = f"{BOOT}{UPGRADE}if me.version == '1.0' then upgrade(1) end"
    _, outcome = ran(setup_of(script, version))
    assert ("ota_1", "testing", "ota_0") == (outcome.running, outcome.state, outcome.next_running)


@BOTH
def test_restart_and_sleep_start_the_script_again(version: LuaVersion) -> None:
    """With the reasons that NodeMCU's documentation has, and files that stay."""
    script = """
    local raw, cause = node.bootreason()
    local count = tonumber(file.getcontents("count") or 0) + 1
    file.putcontents("count", tostring(count))
    print(count, raw, cause)
    if count == 1 then node.restart() elseif count == 2 then node.dsleep(1000000) end
    """
    assert ["1\t1\t8", "2\t2\t19", "3\t3\t12"] == printed(script, version)


@BOTH
def test_error_in_a_callback_restarts_after_two_seconds(version: LuaVersion) -> None:
    """As NodeMCU's own handler does; another one can be set."""
    script = """
    print(node.bootreason())
    tmr.create():alarm(1000, tmr.ALARM_SINGLE, function() error("oh") end)
    tmr.create():alarm(2500, tmr.ALARM_SINGLE, function() print("still there") end)
    tmr.create():alarm(3500, tmr.ALARM_SINGLE, function() print("too late") end)
    """
    lines, outcome = ran(setup_of(script, version))
    assert ["1\t8", "init.lua:3: oh", "still there", "2\t19\t0"] == lines[:4]
    assert RestKind.RESTARTS is outcome.rest
    handled = printed(f"node.setonerror(function(why) print('handled', why) end)\n{script}", version)
    assert ["1\t8", "handled\tinit.lua:4: oh", "still there", "too late"] == handled


@BOTH
def test_error_in_the_script_itself_leaves_the_device_waiting(version: LuaVersion) -> None:
    """What was begun before it goes on."""
    script = "tmr.create():alarm(1000, 0, function() print('later') end) error('oh')"
    lines, outcome = ran(setup_of(script, version))
    assert ["Lua error: init.lua:1: oh", "later"] == lines
    assert (1, 1) == (outcome.boots, outcome.errors)


@BOTH
def test_syntax_error_is_told(version: LuaVersion) -> None:
    """With its line."""
    (line,) = printed("\nx = = 1", version)
    assert line.startswith("Lua error: init.lua:2: ")


@BOTH
def test_day_of_timers_goes_by(version: LuaVersion) -> None:
    """86,400 callbacks, and the clock shows a day."""
    script = """
    local count = 0
    local timer = tmr.create()
    timer:alarm(1000, tmr.ALARM_AUTO, function()
      count = count + 1
      if count == 86399 then print(count, time.get() - 1767225600, tmr.time()) end
    end)
    """
    setup = setup_of(script, version)
    assert ["86399\t86399\t86399"] == ran(replace(setup, limits=replace(QUICK, instructions=10**9)))[0]


@BOTH
def test_timers_do_as_documented(version: LuaVersion) -> None:
    """Single, auto and semi; started twice, stopped, changed, and wrong."""
    script = """
    local t = tmr.create()
    print(t:alarm(10, tmr.ALARM_SEMI, function(self) print("semi", self == t) end), t:start(), t:state())
    tmr.create():alarm(20, 0, function() print(t:start()) end)
    local auto, n = tmr.create(), 0
    auto:alarm(100, tmr.ALARM_AUTO, function() n = n + 1 if n == 3 then print("stop", auto:stop(), auto:stop()) end end)
    print(select(2, pcall(t.alarm, t, 0, 0, print)))
    tmr.alarm(1, 50, 0, function() print("numbered") end)
    """
    wanted = ["true\tfalse\ttrue\t2", "bad argument #2 (timeout or interval out of range (1-6870947))"]
    wanted += ["semi\ttrue", "true", "semi\ttrue", "numbered", "stop\ttrue\tfalse"]
    lines = printed(script, version)
    assert wanted == [line.removeprefix("init.lua:7: ") for line in lines]


@BOTH
def test_boots_are_bounded(version: LuaVersion) -> None:
    """A script that restarts at once is told to restart again and again."""
    _, outcome = ran(setup_of("node.restart()", version))
    assert (RestKind.RESTARTS, QUICK.boots) == (outcome.rest, outcome.boots)


@BOTH
def test_sleep_for_good_ends_the_run(version: LuaVersion) -> None:
    """Nothing wakes it."""
    assert RestKind.ASLEEP is ran(setup_of("node.dsleep({})", version))[1].rest


@BOTH
def test_files_are_those_of_both_interfaces(version: LuaVersion) -> None:
    """Objects, the current file of older releases, and io."""
    script = """
    file.open("a.txt", "w+") file.writeline("one") file.write("two") file.close()
    local f = file.open("a.txt") print(f:readline(), f:read(2), f:seek("end"), f:read()) f:close()
    file.open("a.txt", "a") file.write("!") file.close()
    for line in io.lines("a.txt") do print(line) end
    local f = io.open("a.txt", "r") print(#f:read("*a")) f:close()
    print(file.rename("a.txt", "b.txt"), file.exists("a.txt"), file.exists("b.txt"), file.list()["b.txt"])
    print(io.open("none"))
    file.putcontents("m.lua", "return {...}") print(require("m")[1], package.loaded.m ~= nil)
    node.compile("m.lua") print(file.exists("m.lc"), dofile("m.lc")[1])
    """
    wanted = ["one", "\ttw\t7\tnil", "one", "two!", "8", "true\tfalse\ttrue\t8"]
    wanted += ["nil\tnone: No such file or directory\t2", "m\ttrue", "true\tnil"]
    assert wanted == printed(script, version)


@BOTH
def test_json_both_ways(version: LuaVersion) -> None:
    """With what can go wrong."""
    script = r"""
    local t = sjson.decode('{"a": [1, 2.5, "x\\u00e9\\n"], "b": {"c": null, "d": true}, "e": -3}')
    print(t.a[1], t.a[2], #t.a[3], t.b.c == sjson.NULL, t.b.d, t.e)
    print(sjson.decode('{"n": null}', {null = 7}).n, sjson.encode({1, "a\"b", true}), sjson.encode({x = {y = 1}}))
    for _, text in ipairs({"{", "[1,", '{"a" 1}', "nope", "[1] x", ("["):rep(50)}) do
      print((pcall(sjson.decode, text)))
    end
    """
    assert ["1\t2.5\t4\ttrue\ttrue\t-3", '7\t[1,"a\\"b",true]\t{"x":{"y":1}}', *["false"] * 6] == printed(
        script, version
    )


@BOTH
def test_hashes_and_encodings(version: LuaVersion) -> None:
    """The digests are those of the standards' own examples."""
    script = """
    local h = crypto.new_hash("SHA256") h:update("a") h:update("bc") print(encoder.toHex(h:finalize()))
    print(encoder.toHex(crypto.new_hmac("SHA1", "key"):finalize()), crypto.toHex(crypto.hash("md5", "")))
    print(encoder.toBase64("abc"), encoder.fromBase64("YWJj"), encoder.fromHex("4142"))
    print((pcall(crypto.new_hash, "no")), (pcall(encoder.fromHex, "4")), bit.band(6, 3), bit.bnot(0), bit.lshift(1, 4))
    """
    wanted = [
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "f42bb0eeb018ebbd4597ae7213711ec60760843f\td41d8cd98f00b204e9800998ecf8427e",
        "YWJj\tabc\tAB",
        "false\tfalse\t2\t-1\t16",
    ]
    assert wanted == printed(script, version)


@BOTH
def test_http_in_each_of_its_ways(version: LuaVersion) -> None:
    """With a callback, without one, as a connection, and where nothing lies."""
    script = """
    local code, body, headers = http.get("http://h/version.txt")
    print(code, body, headers["content-length"], (http.get("http://h/none")))
    http.get("http://h/version.txt", nil, function(code, body) print("later", code, body) end)
    http.get("http://h/version.txt", "Accept: x\\r\\n", function(code) print("of old", code) end)
    local c = http.createConnection("http://h/app.bin", { async = true })
    local events, size = {}, 0
    local function add(name) if events[#events] ~= name then events[#events + 1] = name end end
    c:on("connect", function() add("connect") end)
    c:on("headers", function(code, h) add("headers") assert(h.etag) end)
    c:on("data", function(code, data)
      add("data")
      size = size + #data
      if size == 512 then tmr.create():alarm(10, 0, function() c:ack() end) return http.DELAYACK end
    end)
    c:on("complete", function(code, open) print(table.concat(events, " "), size, code) end)
    c:request()
    print(select(2, pcall(c.request, c)))
    """
    lines = printed(script, version)
    assert ["200\t2.0\t3\t404"] == lines[:1]
    assert "Cannot modify connection while a request is active" in lines[1]
    assert {"later\t200\t2.0", "of old\t200", "connect headers data\t8192\t200"} == set(lines[2:])


@BOTH
def test_sockets_speak_http(version: LuaVersion) -> None:
    """In pieces of a segment, held and let go, over net and tls."""
    script = """
    for _, module in ipairs({net, tls}) do
      local size, pieces = 0, 0
      local socket = module.createConnection(net.TCP, 0)
      socket:on("connection", function(s) s:send("GET /app.bin HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n") end)
      socket:on("receive", function(s, data)
        size, pieces = size + #data, pieces + 1
        if pieces == 2 then s:hold() tmr.create():alarm(50, 0, function() s:unhold() end) end
      end)
      socket:on("disconnection", function() print(size > 8192, pieces, (socket:getpeer())) end)
      socket:connect(80, "h")
    end
    net.dns.resolve("h", function(_, ip) print(ip) end)
    """
    assert ["192.168.4.1", "true\t6\tnil", "true\t6\tnil"] == printed(script, version)


FAULTS = {
    "truncate:3000": "200\t3000\tfalse",
    "damage:5000": "200\t8192\tfalse",
    "duplicate:3000": "200\t9652\tfalse",
    "status:503": "503\t31\tfalse",
    "stall:3000": "-28679\t3000\tfalse",
}


@pytest.mark.parametrize(("fault", "told"), FAULTS.items(), ids=FAULTS)
def test_bad_network_happens_once_unless_always(fault: str, told: str) -> None:
    """To the first download; a small answer is none."""
    script = """
    local sha = select(2, http.get("http://h/app.bin.sha256"))
    for _ = 1, 2 do
      local code, body = http.get("http://h/app.bin")
      print(code, #body, encoder.toHex(crypto.hash("SHA256", body)) == sha)
    end
    """
    setup = setup_of(script)
    for text, wanted in ((fault, [told, "200\t8192\ttrue"]), (f"{fault}:always", [told, told])):
        server = replace(setup.server, faults=(PlannedFault.parse(text),))
        assert wanted == ran(replace(setup, server=server))[0]


def test_served_files_come_before_what_stands_for_them() -> None:
    """By the whole path, then by the last part of it; a range and an ETag are answered too."""
    script = """
    print((select(2, http.get("http://h/a/b.txt"))), (select(2, http.get("http://h/x/b.txt?q=1"))))
    print(http.get("http://h/a/b.txt", { headers = { Range = "bytes=1-2" } }))
    local _, _, headers = http.get("http://h/b.txt")
    print((http.get("http://h/b.txt", { headers = { ["If-None-Match"] = headers.etag } })))
    """
    server = ServedFolder({"a/b.txt": b"first", "b.txt": b"last"})
    lines = ran(replace(setup_of(script), server=server))[0]
    assert ("first\tlast", "304") == (lines[0], lines[2])
    assert lines[1].startswith("206\tir\t")


@BOTH
def test_image_without_a_network_reaches_nothing(version: LuaVersion) -> None:
    """Neither by http nor by a socket; the station does not connect."""
    script = """
    wifi.sta.on("disconnected", function() print("disconnected") end)
    wifi.sta.connect()
    print(wifi.sta.getip(), (http.get("http://h/version.txt")))
    net.dns.resolve("h", function(_, ip) print(ip) end)
    """
    assert ["nil\t-28674", "disconnected", "nil"] == printed(script, version, offline="old")


@BOTH
def test_cut_is_played_where_it_is_asked_for(version: LuaVersion) -> None:
    """In an operation, after a call, and after a change of files."""
    script = (
        f"{BOOT}{UPGRADE}print(me.version) file.putcontents('n', me.version) if me.version == '1.0' then upgrade() end"
    )
    setup = setup_of(script, version)
    whole = ScriptRun(setup)
    whole.run()
    names = [call.played.step.call_name for call in whole.calls]
    for text in ("0:0:prefix:12", "1:3:before", str(names.index("complete")), "files0", f"{len(names) - 1}:0:after"):
        run = ScriptRun(setup, cut=ScriptCut.parse(text))
        run.run()
        cuts = [line.text for line in run.lines if "THE POWER FAILS" in line.text]
        assert 1 == len(cuts), text
        assert ScriptCut.parse(text) == ScriptCut.parse(str(ScriptCut.parse(text)))


def test_runs_of_the_shipped_careful_script_are_the_same_again() -> None:
    """Both languages, twice: nothing depends on when or where."""
    script = (ROOT / "examples/lua/careful.lua").read_text()
    for version in LuaVersion:
        setup = setup_of(script, version)
        runs = [ScriptRun(setup), ScriptRun(setup)]
        assert runs[0].run() == runs[1].run()
        assert runs[0].lines == runs[1].lines
        assert [call.played.step for call in runs[0].calls] == [call.played.step for call in runs[1].calls]


def test_device_without_rollback_runs_the_seeds_three_steps() -> None:
    """commence, write in chunks, complete(1): no state, and no accept."""
    script = f"{BOOT}{UPGRADE}print(me.version, me.state) if me.version == '1.0' then upgrade() end"
    lines, outcome = ran(setup_of(script, dut=device(rollback=False)))
    assert "new" == outcome.image == outcome.next_image
    assert 2 == len(lines)
