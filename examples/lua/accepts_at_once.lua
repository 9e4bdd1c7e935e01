-- A careless upgrade script: it accepts before it knows anything of the image that runs.
local SERVER = "http://updates.example/"

pcall(otaupgrade.accept)

local running, _, slots = otaupgrade.info()
local version = slots[running] and slots[running].version

local function install()
  otaupgrade.commence()
  local connection = http.createConnection(SERVER .. "app.bin", http.GET, { async = true, bufsz = 1024 })
  connection:on("data", function(status, data)
    if status == 200 then otaupgrade.write(data) end
  end)
  connection:on("complete", function(status)
    if status == 200 then otaupgrade.complete(1) end
  end)
  connection:request()
end

http.get(SERVER .. "version.txt", function(status, body)
  if status == 200 and body ~= version then install() end
end)
