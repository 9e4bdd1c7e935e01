"""Scripts are those of strangers: nothing of the host is in reach, and time and memory are bounded."""

from dataclasses import replace

import pytest

from lua_runs import QUICK, printed, ran, setup_of
from otaproof import interrupts
from otaproof.lua import lua_machine
from otaproof.lua.lua_machine import ABSENT, KEPT, LuaMachine, LuaVersion
from otaproof.lua.script_run import RestKind

BOTH = pytest.mark.parametrize("version", LuaVersion, ids=lambda version: str(version.value))


MODULES = (
    "bit cjson crypto dofile encoder file gpio http io loadfile net node otaupgrade package print require rtctime "
    "sjson time tls tmr uart wifi ws2812"
)


@BOTH
def test_no_global_leads_out_of_the_machine(version: LuaVersion) -> None:
    """What stays of Lua is listed, and everything else is a module that the prelude made."""
    found = set(printed("for name in pairs(_G) do print(name) end", version))
    assert found <= {*KEPT, *MODULES.split(), *ABSENT}
    assert not found & {"os", "python", "newproxy", "module"}


@BOTH
def test_no_value_is_one_of_the_host(version: LuaVersion) -> None:
    """A search of all that a script can reach meets tables and functions of Lua, and nothing of Python."""
    script = """
    local seen, foreign = {}, 0
    local function walk(value)
      local kind = type(value)
      if kind == "userdata" or kind == "thread" then foreign = foreign + 1 end
      if kind ~= "table" and kind ~= "function" or seen[value] then return end
      seen[value] = true
      if kind == "function" then
        if getfenv then walk(getfenv(value)) end
        return
      end
      for key, item in next, value do walk(key) walk(item) end
      local metatable = getmetatable(value)
      if type(metatable) == "table" then walk(metatable) end
    end
    walk(_G)
    walk(getmetatable(""))
    walk({pcall(otaupgrade.write)})
    walk({pcall(file.open, {})})
    walk({pcall(http.get, {})})
    walk({pcall(crypto.new_hash, {})})
    print(foreign)
    """
    assert ["0"] == printed(script, version)


REFUSED = {
    "bytecode": 'return load("\\27Lua")',
    "bytecode by a function": 'local n = 0 return load(function() n = n + 1 return n == 1 and "\\27Lua" or nil end)',
    "bytecode in a file": 'file.putcontents("x.lua", "\\27Lua") return loadfile("x.lua")',
    "file of the host": 'return file.open("/etc/passwd")',
    "file above": 'return file.open("../../../etc/passwd")',
    "io of the host": 'return io.open("/etc/hostname")',
}


@BOTH
@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED)
def test_what_leads_out_is_refused(version: LuaVersion, script: str) -> None:
    """There is a first result of nil and no more."""
    assert ["nil"] == printed(f"local function f() {script} end print((f()))", version)


ERRORS = {
    "string.dump": ("string.dump(print)", "string.dump is not simulated"),
    "os": ("os.execute('true')", "os"),
    "io.popen": ("io.popen('true')", "io.popen is not simulated"),
    "package.loadlib": ("package.loadlib('x', 'y')", "package.loadlib is not simulated"),
    "debug.getregistry": ("debug.getregistry()", "getregistry"),
    "debug.sethook": ("debug.sethook()", "sethook"),
    "finalizer": ("setmetatable({}, {__gc = print})", "a finalizer (__gc) is not simulated"),
    "absent module": ("mqtt.Client('x')", "the module mqtt is not simulated (mqtt.Client)"),
    "absent function": ("node.sleep({})", "node.sleep is not simulated"),
    "long text": ("string.rep('x', 1e9)", "not enough memory"),
    "text doubled": ("local s = 'x' for i = 1, 60 do s = s .. s end", "not enough memory"),
}


@BOTH
@pytest.mark.parametrize(("call", "told"), ERRORS.values(), ids=ERRORS)
def test_what_is_not_there_fails_by_name(version: LuaVersion, call: str, told: str) -> None:
    """The error says what was asked for."""
    (line,) = printed(f"print(select(2, pcall(function() {call} end)))", version)
    assert told in line


ENDLESS = {
    "loop": "while true do end",
    "loop in pcall": "while true do pcall(function() while true do end end) end",
    "loop in xpcall's handler": "xpcall(error, function() while true do end end)",
    "loop in a handler that the limit calls": (
        "xpcall(function() while true do end end, function() while true do end end)"
    ),
    "loop in a coroutine": "coroutine.wrap(function() while true do end end)()",
    "coroutine in a coroutine": (
        "coroutine.wrap(function() coroutine.wrap(function() while true do pcall(error) end end)() end)()"
    ),
    "resume again and again": "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    "sort of a long list": "local t = {} for i = 1, 9000 do t[i] = i end while true do table.sort(t) end",
    "shifts of a long list": (
        "local t = {} for i = 1, 9000 do t[i] = i end while true do table.insert(t, 1, table.remove(t, 1)) end"
    ),
    "metamethod": (
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) "
        "while true do pcall(function() return t[1] end) end"
    ),
    "recursion": "local function f() return pcall(f) end while true do f() end",
    "deep recursion": "local function f() f() return 1 end while true do pcall(f) end",
    "pattern": "local s = ('a'):rep(3000) s:find('.-.-.-.-.-b')",
    "pattern of gsub": "local s = ('a'):rep(3000) s:gsub('(.-)(.-)(.-)(.-)b', '%1')",
    "pattern of gmatch": "for x in (('a'):rep(3000)):gmatch('a*a*a*a*b') do end",
    "empty text often": "while true do string.rep('', 1e15) end",
    "many texts": "local t = {} while true do t[#t + 1] = tostring(#t) pcall(error, 'x') end",
}


@BOTH
@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_a_script_without_an_end_is_ended(version: LuaVersion, script: str) -> None:
    """By the watchdog, again and again, or by a lack of memory: never by waiting for it."""
    lines, outcome = ran(setup_of(f"{script}\nprint('went on')", version))
    assert outcome.rest in (RestKind.RESTARTS, RestKind.NOTHING_PENDING)
    assert outcome.rest is RestKind.RESTARTS or "went on" not in lines


@BOTH
def test_without_a_watchdog_effort_is_bounded(version: LuaVersion) -> None:
    """The run says that it ran out of it."""
    setup = setup_of("while true do pcall(function() while true do end end) end", version)
    _, outcome = ran(replace(setup, limits=replace(QUICK, has_watchdog=False)))
    assert RestKind.EFFORT_SPENT is outcome.rest


@BOTH
def test_fed_watchdog_leaves_the_bound_of_the_run(version: LuaVersion) -> None:
    """tmr.wdclr() is no way to go on for ever."""
    _, outcome = ran(setup_of("while true do tmr.wdclr() end", version))
    assert RestKind.EFFORT_SPENT is outcome.rest


@BOTH
def test_events_that_are_pending_are_bounded(version: LuaVersion) -> None:
    """A script that posts without an end gets an error."""
    script = "local ok, why = pcall(function() while true do node.task.post(function() end) end end) print(why)"
    assert any("too many events are pending" in line for line in printed(script, version))


@BOTH
def test_files_are_bounded(version: LuaVersion) -> None:
    """What does not fit is not written."""
    script = "local n = 0 local s = ('x'):rep(100000) while file.putcontents('f' .. n, s) do n = n + 1 end print(n)"
    assert ["10"] == printed(script, version)


@BOTH
def test_printed_lines_are_bounded(version: LuaVersion) -> None:
    """The rest is left out, and said to be."""
    assert len(printed("for i = 1, 20000 do print(i) end", version)) <= 5001


def test_preludes_name_globals_only_to_set_them() -> None:
    """So no script gets between a module and what it rests on: after the first run nothing of theirs is looked up."""
    broken = """
    local print, get, read, next, rawset = print, http.get, file.getcontents, next, rawset
    local decode, timer, format = sjson.decode, tmr.create, string.format
    local globals, s = _G, string
    for name in next, globals do rawset(globals, name, nil) end
    for name in next, s do rawset(s, name, nil) end
    local t = timer()
    t:alarm(10, 0, function() print("tick", decode('{"a": [1, "x"]}').a[2], read("none")) end)
    get("http://x/version.txt", function(code, body) print(code, body) end)
    """
    assert ["tick\tx\tnil", "200\t2.0"] == printed(broken)


@BOTH
def test_memory_of_the_machine_is_bounded(version: LuaVersion) -> None:
    """Whatever a script does, its heap stays below the limit."""
    machine = LuaMachine(version, 1 << 20, 1_000_000, {}, {})
    machine.start(b"local t = {} while true do t[#t + 1] = {} end", "x")
    assert machine.memory_used <= 1 << 20


def test_interrupt_is_no_error_that_a_script_catches(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits until a call of the host looks for it, and ends the run whatever the script protects."""
    asked = iter([False] * 5)
    monkeypatch.setattr(lua_machine, "is_stopping", lambda: next(asked, True))
    monkeypatch.setattr(lua_machine, "await_raised", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        ran(setup_of("while true do pcall(function() while true do end end) end"))
    inner = {getattr(constant, "co_name", None) for constant in LuaMachine._guarded.__code__.co_consts}
    assert inner & interrupts._CALLED_BACK
