-- A careless upgrade script: it takes whatever the server sends, whichever version runs, and completes it.
local SERVER = "http://updates.example/"
local running, _, slots = otaupgrade.info()

if slots[running] and slots[running].state == "testing" then otaupgrade.accept() end

otaupgrade.commence()
local connection = http.createConnection(SERVER .. "app.bin", http.GET, { async = true, bufsz = 1024 })
connection:on("data", function(_, data)
  otaupgrade.write(data)
end)
connection:on("complete", function()
  otaupgrade.complete(1)
end)
connection:request()
