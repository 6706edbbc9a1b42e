# Windows: a check every five minutes by the Task Scheduler; its last result is the exit code (14 tcp, 18 auth, ...).
# MONGODB_URI is set for the account that runs it: [Environment]::SetEnvironmentVariable('MONGODB_URI', '...', 'User')
$action = New-ScheduledTaskAction -Execute 'clearline.exe' -Argument 'check --quiet --exit-by class'
$trigger = New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 5)
Register-ScheduledTask -TaskName 'MongoDB check' -Action $action -Trigger $trigger
