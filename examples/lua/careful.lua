-- An upgrade script that ends well wherever the power fails, and gives a bad update back.
--
-- It asks for the version first, begins once the server has answered, and compares the hash before complete(). A new
-- image is accepted only once it has reached the server, and rolled back if it does not in time. A version that was given
-- back is not tried again, nor is one that came to nothing three times.
local SERVER = "http://updates.example/"
local MINUTE = 60 * 1000
local MOST_TRIES = 3
local running, _, slots = otaupgrade.info()
local me = slots[running] or {}

-- How often a version was installed. A power failure in its first minutes undoes a good one too, so one try is too few.
local function tries_of(version)
  local noted, count = (file.getcontents("tries") or ""):match("^(%S+) (%d+)$")
  return noted == version and tonumber(count) or 0
end

local function note_tries(version, count)
  file.putcontents("tries", version .. " " .. count)
end

local function give_back()
  print("giving " .. me.version .. " back")
  note_tries(me.version, MOST_TRIES)
  otaupgrade.rollback()
end

local function fetch(name, done)
  http.get(SERVER .. name, function(status, body)
    done(status == 200 and body or nil)
  end)
end

local function install(version, sha256)
  local hash, begun = crypto.new_hash("SHA256"), false
  local connection = http.createConnection(SERVER .. "app.bin", http.GET, { async = true, bufsz = 1024 })
  local function give_up(why)
    print("no upgrade: " .. why)
  end
  connection:on("data", function(status, data)
    if status ~= 200 then return end
    if not begun then
      otaupgrade.commence()
      begun = true
    end
    otaupgrade.write(data)
    hash:update(data)
  end)
  connection:on("complete", function(status)
    if status ~= 200 or not begun then return give_up("status " .. status) end
    if encoder.toHex(hash:finalize()) ~= sha256 then return give_up("wrong hash") end
    print("installing " .. version)
    note_tries(version, tries_of(version) + 1)
    otaupgrade.complete(1)
  end)
  connection:request()
end

local function look_for_update()
  fetch("version.txt", function(version)
    if version and version ~= me.version and tries_of(version) < MOST_TRIES then
      fetch("app.bin.sha256", function(sha256)
        if sha256 then install(version, sha256) end
      end)
    end
  end)
end

if me.state == "testing" then
  print("trying " .. me.version)
  -- Whatever happens, an image that is not accepted in time goes back.
  tmr.create():alarm(5 * MINUTE, tmr.ALARM_SINGLE, give_back)
  fetch("version.txt", function(version)
    if not version then return end
    otaupgrade.accept()
    print("accepted " .. me.version)
    node.restart()
  end)
else
  look_for_update()
  tmr.create():alarm(60 * MINUTE, tmr.ALARM_AUTO, look_for_update)
end
